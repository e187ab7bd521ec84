! SPDX-License-Identifier: BSD-3-Clause
!> A host that traps floating-point exceptions: everything works, and the traps are still set afterwards.
program test_traps
  use, intrinsic :: iso_fortran_env, only: real64
  use, intrinsic :: ieee_exceptions
  use ternion
  use support
  implicit none
  type(tern_dataset) :: train
  type(tern_model) :: model
  type(tern_options) :: options
  type(tern_system) :: system
  type(tern_descriptor) :: frames
  real(real64) :: energy, virial(3, 3)
  real(real64), allocatable :: forces(:, :), values(:, :)
  logical :: halting
  integer :: i

  call train%read(folder() // 'ridge_train.extxyz')
  call options%set('cutoff', 3.0_real64)
  call model%fit('ridge', train, options)
  call options%set('species', [1, 6])
  call options%set('n_max', 3)
  call options%set('l_max', 2)
  call frames%init('frames', options)
  do i = 1, train%size()
    call train%system(i, system)
    if (allocated(forces)) deallocate (forces)
    allocate (forces(3, system%size()))
    call model%predict(system, energy, forces=forces, virial=virial)
    call frames%compute(system, values)
    call check(abs(energy) < huge(energy), 'an energy')
  end do
  call ieee_get_halting_mode(ieee_invalid, halting)
  call check(halting, 'invalid operations still trap')
  call ieee_get_halting_mode(ieee_divide_by_zero, halting)
  call check(halting, 'division by zero still traps')
  call finish()
end program test_traps
