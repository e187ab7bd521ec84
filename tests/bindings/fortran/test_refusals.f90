! SPDX-License-Identifier: BSD-3-Clause
!> What must be refused: status and message come back through stat and errmsg, and nothing changes.
program test_refusals
  use, intrinsic :: iso_fortran_env, only: real64
  use ternion
  use support
  implicit none

  call check_options()
  call check_files()
  call check_calls()
  call finish()

contains

  subroutine check_options()
    type(tern_options) :: options
    character(200), allocatable :: keys(:), values(:), says(:), says_too(:)
    real(real64), allocatable :: status(:)
    character(500) :: message
    integer :: i, stat
    call golden_text('errors.txt', 'option_keys', keys)
    call golden_text('errors.txt', 'option_values', values)
    call golden_text('errors.txt', 'option_says', says)
    call golden_text('errors.txt', 'option_says_too', says_too)
    call golden_values('errors.txt', 'option_status', status)
    call check(size(keys) >= 20, 'errors.txt has at least 20 options')
    do i = 1, size(keys)
      message = ''
      call options%set(trim(keys(i)), trim(values(i)), stat=stat, errmsg=message)
      call check(stat == nint(status(i)), trim(keys(i)) // ': status')
      call check(index(message, trim(says(i))) > 0 .and. index(message, trim(says_too(i))) > 0, &
        trim(keys(i)) // ': ' // trim(message))
    end do
  end subroutine check_options

  subroutine check_files()
    type(tern_dataset) :: dataset
    character(200), allocatable :: paths(:), says(:)
    real(real64), allocatable :: status(:)
    character(1000) :: message
    integer :: i, stat
    call golden_text('errors.txt', 'file_paths', paths)
    call golden_text('errors.txt', 'file_says', says)
    call golden_values('errors.txt', 'file_status', status)
    call check(size(paths) >= 30, 'errors.txt has at least 30 files')
    do i = 1, size(paths)
      message = ''
      call dataset%read(folder() // trim(paths(i)), stat=stat, errmsg=message)
      call check(stat == nint(status(i)), trim(paths(i)) // ': status')
      call check(index(message, trim(says(i))) > 0, trim(paths(i)) // ': ' // trim(message))
      call check(dataset%size() == 0, trim(paths(i)) // ': nothing was read')
    end do
  end subroutine check_files

  !> Shapes that do not fit, handles that were not made, species that a model does not know.
  subroutine check_calls()
    type(tern_system) :: system, other
    type(tern_dataset) :: dataset
    type(tern_model) :: model
    type(tern_options) :: options
    real(real64) :: energy, forces(3, 1)
    character(500) :: message
    integer :: stat
    energy = 7
    call system%init([14, 14], reshape([0d0, 0d0, 0d0], [3, 1]), stat=stat, errmsg=message)
    call check(stat == TERN_ERROR_ARGUMENT .and. index(message, 'positions') > 0, 'positions of another shape')
    call model%predict(system, energy, stat=stat, errmsg=message)
    call check(stat == TERN_ERROR_ARGUMENT .and. abs(energy - 7) <= 0, 'a model that was not made')
    call model%fit('ridge', dataset, stat=stat)
    call check(stat == TERN_ERROR_ARGUMENT, 'a data set that was not read')
    call model%load(folder() // 'README.md', stat=stat, errmsg=message)
    call check(stat /= TERN_SUCCESS .and. index(message, 'README.md') > 0, 'a file that is no model')
    call dataset%read(folder() // 'ridge_train.extxyz')
    call options%set('n_max', 3)
    call options%set('l_max', 2)
    call options%set('cutoff', 3.0_real64)
    call model%fit('ridge', dataset, options)
    call other%init([79, 79], reshape([0d0, 0d0, 0d0, 0d0, 0d0, 2d0], [3, 2]))
    call model%predict(other, energy, stat=stat, errmsg=message)
    call check(stat == TERN_ERROR_DATA .and. index(message, 'Au') > 0 .and. abs(energy - 7) <= 0, &
      'a species that the model does not know')
    call system%init([1, 1], reshape([0d0, 0d0, 0d0, 0d0, 0d0, 1d0], [3, 2]))
    call model%predict(system, energy, forces=forces, stat=stat, errmsg=message)
    call check(stat == TERN_ERROR_ARGUMENT .and. index(message, 'forces') > 0, 'forces of another shape')
  end subroutine check_calls
end program test_refusals
