! SPDX-License-Identifier: BSD-3-Clause
! gfortran molecular_dynamics.f90 $(pkg-config --cflags --libs ternion-fortran)
!> Velocity Verlet on a cluster with forces of a fitted model: the total energy stays where it is.
program molecular_dynamics
  use ternion
  use, intrinsic :: iso_fortran_env, only: real64
  implicit none
  integer, parameter :: n = 4, n_steps = 300
  real(real64), parameter :: time_step = 1.0_real64               ! fs
  real(real64), parameter :: acceleration = 9.648533212e-3_real64 ! (eV/A)/u in A/fs^2
  real(real64), parameter :: mass = 28.085_real64
  type(tern_dataset) :: train
  type(tern_model) :: model
  type(tern_options) :: options
  real(real64) :: x(3, n), v(3, n), f(3, n), energy, start, drift
  integer :: step

  call train%read('train.extxyz')
  call options%set('cutoff', 5.0_real64)
  call options%set('force_weight', 1.0_real64)
  call options%set('e0', '0')                                     ! the energies are those of binding already
  call model%fit('ridge', train, options)

  x = reshape([0d0, 0d0, 0d0, 2.5d0, 0d0, 0d0, 1.25d0, 2.1d0, 0d0, 1.25d0, 0.75d0, 1.9d0], [3, n])
  v = 0
  call evaluate()
  start = energy
  drift = 0
  do step = 1, n_steps
    v = v + 0.5_real64 * time_step * acceleration / mass * f
    x = x + time_step * v
    call evaluate()
    v = v + 0.5_real64 * time_step * acceleration / mass * f
    drift = max(drift, abs(energy + kinetic() - start))
    if (mod(step, 60) == 0) print '(i5, " fs  potential ", f10.5, "  kinetic ", f9.5, "  total ", f10.5, " eV")', &
      step, energy, kinetic(), energy + kinetic()
  end do
  print '("largest deviation of the total energy: ", es9.2, " eV")', drift
  if (drift > 1e-3_real64) error stop 'the energy is not conserved'

contains

  subroutine evaluate()
    type(tern_system) :: system
    call system%init(spread(14, 1, n), x)
    call model%predict(system, energy, forces=f)
  end subroutine evaluate

  pure function kinetic() result(value)
    real(real64) :: value
    value = 0.5_real64 * mass / acceleration * sum(v**2)
  end function kinetic
end program molecular_dynamics
