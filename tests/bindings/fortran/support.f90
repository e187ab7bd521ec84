! SPDX-License-Identifier: BSD-3-Clause
!> Checks that count their failures, and the reader of the golden files.
module support
  use, intrinsic :: iso_fortran_env, only: int32, int64, real64, output_unit
  use ternion
  implicit none
  private
  public :: check, close_to, finish, folder, golden_values, golden_text, golden_options, golden_system

  integer :: n_checks = 0, n_failures = 0

contains

  subroutine check(good, what)
    logical, intent(in) :: good
    character(*), intent(in) :: what
    n_checks = n_checks + 1
    if (good) return
    n_failures = n_failures + 1
    write (output_unit, '(2a)') 'FAILED: ', what
  end subroutine check

  !> Largest difference relative to the largest expected value.
  subroutine close_to(found, expected, tolerance, what)
    real(real64), intent(in) :: found(:), expected(:)
    real(real64), intent(in) :: tolerance
    character(*), intent(in) :: what
    real(real64) :: error
    call check(size(found) == size(expected), what // ': as many values')
    if (size(found) /= size(expected)) return
    error = maxval(abs(found - expected)) / max(maxval(abs(expected)), tiny(1.0_real64))
    call check(error <= tolerance, what)
    if (error > tolerance) write (output_unit, '(a, es9.2)') '  relative error ', error
  end subroutine close_to

  !> Ends the program; its last line is the count that runners read.
  subroutine finish()
    write (output_unit, '(i0, a, i0, a)') n_checks - n_failures, ' passed, ', n_failures, ' failed'
    if (n_failures > 0 .or. n_checks == 0) error stop 1
  end subroutine finish

  !> The folder of the golden data, given on the command line.
  function folder() result(path)
    character(:), allocatable :: path
    integer :: length
    call get_command_argument(1, length=length)
    allocate (character(length) :: path)
    call get_command_argument(1, path)
  end function folder

  !> Reads on to the header of a block; its kind and dimensions, slowest first. dims is empty when there is no such
  !> block.
  subroutine find_block(unit, wanted, kind, dims)
    integer, intent(in) :: unit
    character(*), intent(in) :: wanted
    character(*), intent(out) :: kind
    integer, allocatable, intent(out) :: dims(:)
    character(200) :: header
    character(32) :: name
    real(real64), allocatable :: skipped(:)
    integer :: rank, status, i
    do
      read (unit, '(a)', iostat=status) header
      if (status /= 0) exit
      read (header, *) name, kind, rank
      allocate (dims(rank))
      read (header, *) name, kind, rank, dims
      if (name == wanted) return
      if (kind == 'text') then
        do i = 1, dims(1)
          read (unit, '(a)') header
        end do
      else
        allocate (skipped(product(dims)))
        read (unit, *) skipped
        deallocate (skipped)
      end if
      deallocate (dims)
    end do
    allocate (dims(0))
  end subroutine find_block

  !> The numbers of a block in the order of memory; dims are its dimensions, slowest first.
  subroutine golden_values(file, name, values, dims)
    character(*), intent(in) :: file, name
    real(real64), allocatable, intent(out) :: values(:)
    integer, allocatable, intent(out), optional :: dims(:)
    integer, allocatable :: found(:)
    character(8) :: kind
    integer :: unit
    open (newunit=unit, file=folder() // file, status='old', action='read')
    call find_block(unit, name, kind, found)
    if (size(found) == 0) error stop 'a golden block is not there'
    allocate (values(product(found)))
    read (unit, *) values
    close (unit)
    if (present(dims)) dims = found
  end subroutine golden_values

  subroutine golden_text(file, name, lines)
    character(*), intent(in) :: file, name
    character(200), allocatable, intent(out) :: lines(:)
    integer, allocatable :: found(:)
    character(8) :: kind
    integer :: unit
    open (newunit=unit, file=folder() // file, status='old', action='read')
    call find_block(unit, name, kind, found)
    if (size(found) == 0) error stop 'a golden block is not there'
    allocate (lines(found(1)))
    read (unit, '(a)') lines
    close (unit)
  end subroutine golden_text

  subroutine golden_options(file, options)
    character(*), intent(in) :: file
    type(tern_options), intent(inout) :: options
    character(200), allocatable :: lines(:)
    integer :: i, blank
    call golden_text(file, 'options', lines)
    do i = 1, size(lines)
      blank = index(lines(i), ' ')
      call options%set(lines(i)(:blank - 1), trim(lines(i)(blank + 1:)))
    end do
  end subroutine golden_options

  subroutine golden_system(file, prefix, system)
    character(*), intent(in) :: file, prefix
    type(tern_system), intent(inout) :: system
    real(real64), allocatable :: species(:), positions(:), cell(:), periodic(:)
    call golden_values(file, prefix // 'species', species)
    call golden_values(file, prefix // 'positions', positions)
    call golden_values(file, prefix // 'cell', cell)
    call golden_values(file, prefix // 'periodic', periodic)
    if (any(abs(cell) > 0)) then
      call system%init(nint(species, int32), reshape(positions, [3, size(species)]), reshape(cell, [3, 3]), &
        periodic > 0.5_real64)
    else
      call system%init(nint(species, int32), reshape(positions, [3, size(species)]))
    end if
  end subroutine golden_system
end module support
