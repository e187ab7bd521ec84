! SPDX-License-Identifier: BSD-3-Clause
!> Structures with their targets, in memory or as a stream. Structures are numbered from 1 here.
module ternion_dataset
  use, intrinsic :: iso_c_binding
  use, intrinsic :: iso_fortran_env, only: int32, int64, real64
  use ternion_raw
  use ternion_support
  use ternion_options
  use ternion_system
  implicit none
  private
  public :: tern_dataset, tern_reader, tern_writer

  type :: tern_dataset
    type(owned_handle) :: own !< not for users
  contains
    procedure :: read => dataset_read
    procedure :: write => dataset_write
    procedure :: append => dataset_append
    procedure :: size => dataset_size
    procedure :: count => dataset_count
    procedure :: system => dataset_system
    procedure :: energy => dataset_energy
    procedure :: forces => dataset_forces
    procedure :: virial => dataset_virial
    procedure :: set_vectors => dataset_set_vectors
    procedure :: vectors => dataset_vectors
    procedure :: set_tensor => dataset_set_tensor
    procedure :: tensor => dataset_tensor
    procedure :: subset => dataset_subset
    procedure, private :: assign => dataset_assign
    generic :: assignment(=) => assign
    final :: dataset_final
  end type tern_dataset

  !> A structure file read in chunks: call reader%open(path), then reader%next(count, dataset) until
  !> dataset%size() is 0.
  type :: tern_reader
    type(owned_handle) :: own !< not for users
  contains
    procedure :: open => reader_open
    procedure :: next => reader_next
    procedure :: close => reader_close
    final :: reader_final
  end type tern_reader

  !> A structure file being written; it appears under its name at close.
  type :: tern_writer
    type(owned_handle) :: own !< not for users
  contains
    procedure :: open => writer_open
    procedure :: append => writer_append
    procedure :: close => writer_close
    final :: writer_final
  end type tern_writer

contains

  impure elemental subroutine dataset_final(self)
    type(tern_dataset), intent(inout) :: self
    call release(self%own, tern_dataset_free)
  end subroutine dataset_final

  impure elemental subroutine reader_final(self)
    type(tern_reader), intent(inout) :: self
    call release(self%own, tern_reader_free)
  end subroutine reader_final

  impure elemental subroutine writer_final(self)
    type(tern_writer), intent(inout) :: self
    call release(self%own, tern_writer_free)
  end subroutine writer_final

  subroutine dataset_assign(self, other)
    class(tern_dataset), intent(inout) :: self
    class(tern_dataset), intent(in) :: other
    call share(self%own, other%own, tern_dataset_free)
  end subroutine dataset_assign

  !> Reads an extended XYZ file, plain or gzip.
  subroutine dataset_read(self, path, options, stat, errmsg)
    class(tern_dataset), intent(inout) :: self
    character(*), intent(in) :: path
    type(tern_options), intent(in), optional :: options
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_ptr) :: address
    integer(c_int32_t) :: status
    if (.not. check_abi(stat, errmsg)) return
    address = c_null_ptr
    status = tern_dataset_read(address, c_text(path), address_of(options))
    if (status == TERN_SUCCESS) call adopt(self%own, address, tern_dataset_free)
    call finish_call(status, stat, errmsg)
  end subroutine dataset_read

  subroutine dataset_write(self, path, stat, errmsg)
    class(tern_dataset), intent(in) :: self
    character(*), intent(in) :: path
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call finish_call(tern_dataset_write(self%own%address, c_text(path)), stat, errmsg)
  end subroutine dataset_write

  !> Adds a system with the targets that are known; the first call makes the data set.
  subroutine dataset_append(self, system, energy, forces, virial, stat, errmsg)
    class(tern_dataset), intent(inout) :: self
    type(tern_system), intent(in) :: system
    real(real64), intent(in), optional, target :: energy                   !< eV
    real(real64), intent(in), optional, contiguous, target :: forces(:, :) !< (3, n) eV/Angstrom
    real(real64), intent(in), optional, target :: virial(3, 3)             !< eV
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_ptr) :: address
    integer(c_int32_t) :: status
    if (.not. check_abi(stat, errmsg)) return
    if (.not. c_associated(self%own%address)) then
      address = c_null_ptr
      status = tern_dataset_new(address)
      if (status == TERN_SUCCESS) call adopt(self%own, address, tern_dataset_free)
    end if
    status = tern_dataset_append(self%own%address, system%own%address, number_address(energy), &
      forces_address(forces), virial_address(virial))
    call finish_call(status, stat, errmsg)
  end subroutine dataset_append

  !> Gives a vector to each atom of a structure under a name, such as 'features': a column of files, read again with the
  !> option target, and what a model is fitted on with that option.
  subroutine dataset_set_vectors(self, index, name, values, stat, errmsg)
    class(tern_dataset), intent(inout) :: self
    integer, intent(in) :: index
    character(*), intent(in) :: name
    real(real64), intent(in), contiguous :: values(:, :) !< (width, n)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call finish_call(tern_dataset_set_vectors(self%own%address, int(index - 1, int64), c_text(name), &
      size(values, 1, int64), values), stat, errmsg)
  end subroutine dataset_set_vectors

  !> The vectors (width, n) of a structure's atoms under a name.
  subroutine dataset_vectors(self, index, name, values, stat, errmsg)
    class(tern_dataset), intent(in) :: self
    integer, intent(in) :: index
    character(*), intent(in) :: name
    real(real64), allocatable, intent(inout) :: values(:, :)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    real(real64), allocatable :: found(:, :)
    type(tern_system) :: system
    type(c_ptr) :: address
    integer(int64) :: width
    integer(c_int32_t) :: status
    address = c_null_ptr
    width = 0
    status = tern_dataset_vectors_width(self%own%address, int(index - 1, int64), c_text(name), width)
    if (status == TERN_SUCCESS) status = tern_dataset_system(self%own%address, int(index - 1, int64), address)
    if (status == TERN_SUCCESS) then
      call take_system(system, address)
      allocate (found(width, system%size()))
      status = tern_dataset_vectors(self%own%address, int(index - 1, int64), c_text(name), found)
    end if
    if (status == TERN_SUCCESS) call move_alloc(found, values)
    call finish_call(status, stat, errmsg)
  end subroutine dataset_vectors

  function number_address(number) result(address)
    real(real64), intent(in), optional, target :: number
    type(c_ptr) :: address
    address = c_null_ptr
    if (present(number)) address = c_loc(number)
  end function number_address

  function forces_address(forces) result(address)
    real(real64), intent(in), optional, contiguous, target :: forces(:, :)
    type(c_ptr) :: address
    address = c_null_ptr
    if (present(forces)) address = c_loc(forces)
  end function forces_address

  function virial_address(virial) result(address)
    real(real64), intent(in), optional, target :: virial(3, 3)
    type(c_ptr) :: address
    address = c_null_ptr
    if (present(virial)) address = c_loc(virial)
  end function virial_address

  !> Number of structures; 0 before read.
  function dataset_size(self) result(n)
    class(tern_dataset), intent(in) :: self
    integer :: n
    integer(c_int64_t) :: size
    size = 0
    if (c_associated(self%own%address)) call finish_call(tern_dataset_size(self%own%address, size))
    n = int(size)
  end function dataset_size

  !> How many structures carry TERN_TARGET_ENERGY, TERN_TARGET_FORCES or TERN_TARGET_VIRIAL.
  function dataset_count(self, target) result(n)
    class(tern_dataset), intent(in) :: self
    integer(int32), intent(in) :: target
    integer :: n
    integer(c_int64_t) :: count
    count = 0
    call finish_call(tern_dataset_count(self%own%address, target, count))
    n = int(count)
  end function dataset_count

  subroutine dataset_system(self, index, system, stat, errmsg)
    class(tern_dataset), intent(in) :: self
    integer, intent(in) :: index
    type(tern_system), intent(inout) :: system
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_ptr) :: address
    integer(c_int32_t) :: status
    address = c_null_ptr
    status = tern_dataset_system(self%own%address, int(index - 1, int64), address)
    if (status == TERN_SUCCESS) call take_system(system, address)
    call finish_call(status, stat, errmsg)
  end subroutine dataset_system

  subroutine dataset_energy(self, index, energy, stat, errmsg)
    class(tern_dataset), intent(in) :: self
    integer, intent(in) :: index
    real(real64), intent(inout) :: energy
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    real(real64) :: values(1)
    integer(c_int32_t) :: status
    status = tern_dataset_target(self%own%address, int(index - 1, int64), TERN_TARGET_ENERGY, values)
    if (status == TERN_SUCCESS) energy = values(1)
    call finish_call(status, stat, errmsg)
  end subroutine dataset_energy

  subroutine dataset_forces(self, index, forces, stat, errmsg)
    class(tern_dataset), intent(in) :: self
    integer, intent(in) :: index
    real(real64), allocatable, intent(inout) :: forces(:, :) !< (3, n)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(tern_system) :: system
    real(real64), allocatable :: values(:, :)
    integer(c_int32_t) :: status
    type(c_ptr) :: address
    address = c_null_ptr
    status = tern_dataset_system(self%own%address, int(index - 1, int64), address)
    if (status == TERN_SUCCESS) then
      call take_system(system, address)
      allocate (values(3, system%size()))
      status = tern_dataset_target(self%own%address, int(index - 1, int64), TERN_TARGET_FORCES, values)
    end if
    if (status == TERN_SUCCESS) call move_alloc(values, forces)
    call finish_call(status, stat, errmsg)
  end subroutine dataset_forces

  subroutine dataset_virial(self, index, virial, stat, errmsg)
    class(tern_dataset), intent(in) :: self
    integer, intent(in) :: index
    real(real64), intent(inout) :: virial(3, 3)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call finish_call(tern_dataset_target(self%own%address, int(index - 1, int64), TERN_TARGET_VIRIAL, virial), stat, &
      errmsg)
  end subroutine dataset_virial

  !> Gives a structure a Cartesian tensor under a name, such as 'dipole': 1, 3, 9 or 27 numbers, the last index fastest.
  subroutine dataset_set_tensor(self, index, name, values, stat, errmsg)
    class(tern_dataset), intent(in) :: self
    integer, intent(in) :: index
    character(*), intent(in) :: name
    real(real64), intent(in) :: values(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(c_int32_t) :: order
    order = 0
    do while (3**order < size(values))
      order = order + 1
    end do
    if (3**order /= size(values) .or. order > 3) then
      call finish_call(TERN_ERROR_ARGUMENT, stat, errmsg, 'a tensor has 1, 3, 9 or 27 numbers')
      return
    end if
    call finish_call(tern_dataset_set_tensor(self%own%address, int(index - 1, int64), c_text(name), order, values), &
      stat, errmsg)
  end subroutine dataset_set_tensor

  !> A structure's tensor of that name: 3**order numbers, the last index fastest.
  subroutine dataset_tensor(self, index, name, values, stat, errmsg)
    class(tern_dataset), intent(in) :: self
    integer, intent(in) :: index
    character(*), intent(in) :: name
    real(real64), allocatable, intent(inout) :: values(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    real(real64), allocatable :: found(:)
    integer(c_int32_t) :: status, order
    order = 0
    status = tern_dataset_tensor_order(self%own%address, int(index - 1, int64), c_text(name), order)
    if (status == TERN_SUCCESS) then
      allocate (found(3**order))
      status = tern_dataset_tensor(self%own%address, int(index - 1, int64), c_text(name), found)
    end if
    if (status == TERN_SUCCESS) call move_alloc(found, values)
    call finish_call(status, stat, errmsg)
  end subroutine dataset_tensor

  subroutine dataset_subset(self, indices, subset, stat, errmsg)
    class(tern_dataset), intent(in) :: self
    integer, intent(in) :: indices(:)
    type(tern_dataset), intent(inout) :: subset
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_ptr) :: address
    integer(c_int32_t) :: status
    address = c_null_ptr
    status = tern_dataset_subset(self%own%address, size(indices, kind=int64), int(indices - 1, int64), address)
    if (status == TERN_SUCCESS) call adopt(subset%own, address, tern_dataset_free)
    call finish_call(status, stat, errmsg)
  end subroutine dataset_subset

  subroutine reader_open(self, path, options, stat, errmsg)
    class(tern_reader), intent(inout) :: self
    character(*), intent(in) :: path
    type(tern_options), intent(in), optional :: options
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_ptr) :: address
    integer(c_int32_t) :: status
    if (.not. check_abi(stat, errmsg)) return
    address = c_null_ptr
    status = tern_reader_open(address, c_text(path), address_of(options))
    if (status == TERN_SUCCESS) call adopt(self%own, address, tern_reader_free)
    call finish_call(status, stat, errmsg)
  end subroutine reader_open

  subroutine reader_next(self, count, dataset, stat, errmsg)
    class(tern_reader), intent(inout) :: self
    integer, intent(in) :: count !< at most this many structures
    type(tern_dataset), intent(inout) :: dataset
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_ptr) :: address
    integer(c_int32_t) :: status
    address = c_null_ptr
    status = tern_reader_next(self%own%address, int(count, int64), address)
    if (status == TERN_SUCCESS) call adopt(dataset%own, address, tern_dataset_free)
    call finish_call(status, stat, errmsg)
  end subroutine reader_next

  subroutine reader_close(self)
    class(tern_reader), intent(inout) :: self
    call release(self%own, tern_reader_free)
  end subroutine reader_close

  subroutine writer_open(self, path, stat, errmsg)
    class(tern_writer), intent(inout) :: self
    character(*), intent(in) :: path
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_ptr) :: address
    integer(c_int32_t) :: status
    if (.not. check_abi(stat, errmsg)) return
    address = c_null_ptr
    status = tern_writer_open(address, c_text(path))
    if (status == TERN_SUCCESS) call adopt(self%own, address, tern_writer_free)
    call finish_call(status, stat, errmsg)
  end subroutine writer_open

  subroutine writer_append(self, system, energy, forces, virial, stat, errmsg)
    class(tern_writer), intent(inout) :: self
    type(tern_system), intent(in) :: system
    real(real64), intent(in), optional, target :: energy                   !< eV
    real(real64), intent(in), optional, contiguous, target :: forces(:, :) !< (3, n) eV/Angstrom
    real(real64), intent(in), optional, target :: virial(3, 3)             !< eV
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call finish_call(tern_writer_append(self%own%address, system%own%address, number_address(energy), &
      forces_address(forces), virial_address(virial)), stat, errmsg)
  end subroutine writer_append

  subroutine writer_close(self, stat, errmsg)
    class(tern_writer), intent(inout) :: self
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(c_int32_t) :: status
    status = tern_writer_close(self%own%address)
    if (status == TERN_SUCCESS) call release(self%own, tern_writer_free)
    call finish_call(status, stat, errmsg)
  end subroutine writer_close
end module ternion_dataset
