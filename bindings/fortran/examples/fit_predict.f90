! SPDX-License-Identifier: BSD-3-Clause
! gfortran demo.f90 $(pkg-config --cflags --libs ternion-fortran)
program demo
  use ternion
  use, intrinsic :: iso_fortran_env, only: real64
  implicit none
  type(tern_dataset) :: train
  type(tern_options) :: options
  type(tern_model) :: model
  type(tern_system) :: dimer
  type(tern_descriptor) :: frames
  real(real64) :: energy, positions(3, 2), forces(3, 2), virial(3, 3)
  real(real64), allocatable :: values(:, :)            ! (features, rows)

  call train%read('train.extxyz')                      ! an error stops with its message, unless stat= is given
  call options%set('descriptor', 'power_spectrum')     ! generic: character, integer, real, logical, arrays
  call options%set('cutoff', 5.0_real64)
  call model%fit('ridge', train, options)
  call model%save('silicon.tern')
  positions = reshape([0d0, 0d0, 0d0, 0d0, 0d0, 2.35d0], [3, 2])
  call dimer%init([14, 14], positions)                 ! cell=, periodic= optional
  call model%predict(dimer, energy, forces=forces, virial=virial)
  call options%set('species', [14])
  call frames%init('frames', options)
  call frames%compute(dimer, values)
  print '(f12.6, " eV,", i0, " features")', energy, size(values, 1)
end program demo                                       ! handles free themselves (final)
