! SPDX-License-Identifier: BSD-3-Clause
!> Descriptors of atomic environments. Arrays are (features, rows); rows and atoms are numbered from 1.
module ternion_descriptor
  use, intrinsic :: iso_c_binding
  use, intrinsic :: iso_fortran_env, only: int64, real64
  use ternion_raw
  use ternion_support
  use ternion_options
  use ternion_system
  use ternion_dataset
  implicit none
  private
  public :: tern_descriptor

  type :: tern_descriptor
    type(owned_handle) :: own !< not for users
  contains
    procedure :: init
    procedure :: fit
    procedure :: save => descriptor_save
    procedure :: load
    procedure :: info
    procedure :: labels
    procedure :: shape => descriptor_shape
    procedure :: rows
    procedure :: compute
    procedure :: pullback
    procedure :: pushforward
    procedure :: jacobian
    procedure :: write => descriptor_write
    procedure, private :: assign => descriptor_assign
    generic :: assignment(=) => assign
    final :: descriptor_final
  end type tern_descriptor

contains

  impure elemental subroutine descriptor_final(self)
    type(tern_descriptor), intent(inout) :: self
    call release(self%own, tern_descriptor_free)
  end subroutine descriptor_final

  subroutine descriptor_assign(self, other)
    class(tern_descriptor), intent(inout) :: self
    class(tern_descriptor), intent(in) :: other
    call share(self%own, other%own, tern_descriptor_free)
  end subroutine descriptor_assign

  !> A descriptor of a kind, such as 'power_spectrum'.
  subroutine init(self, kind, options, stat, errmsg)
    class(tern_descriptor), intent(inout) :: self
    character(*), intent(in) :: kind
    type(tern_options), intent(in), optional :: options
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_ptr) :: address
    integer(c_int32_t) :: status
    if (.not. check_abi(stat, errmsg)) return
    address = c_null_ptr
    status = tern_descriptor_new(address, c_text(kind), address_of(options))
    if (status == TERN_SUCCESS) call adopt(self%own, address, tern_descriptor_free)
    call finish_call(status, stat, errmsg)
  end subroutine init

  !> Learns from a data set what the options leave open, such as the species.
  subroutine fit(self, dataset, observer, stat, errmsg)
    class(tern_descriptor), intent(inout) :: self
    type(tern_dataset), intent(in) :: dataset
    class(tern_observer), intent(inout), optional, target :: observer
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(observer_box), target :: box
    call finish_call(tern_descriptor_fit(self%own%address, dataset%own%address, observer_pointer(observer), &
      observer_context(observer, box)), stat, errmsg)
  end subroutine fit

  subroutine descriptor_save(self, path, stat, errmsg)
    class(tern_descriptor), intent(in) :: self
    character(*), intent(in) :: path
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call finish_call(tern_descriptor_save(self%own%address, c_text(path)), stat, errmsg)
  end subroutine descriptor_save

  subroutine load(self, path, stat, errmsg)
    class(tern_descriptor), intent(inout) :: self
    character(*), intent(in) :: path
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_ptr) :: address
    integer(c_int32_t) :: status
    if (.not. check_abi(stat, errmsg)) return
    address = c_null_ptr
    status = tern_descriptor_load(address, c_text(path))
    if (status == TERN_SUCCESS) call adopt(self%own, address, tern_descriptor_free)
    call finish_call(status, stat, errmsg)
  end subroutine load

  !> JSON object: kind, options, species, features.
  subroutine info(self, json, stat, errmsg)
    class(tern_descriptor), intent(in) :: self
    character(:), allocatable, intent(inout) :: json
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call fetch_text(tern_descriptor_info, self%own, json, stat, errmsg)
  end subroutine info

  !> JSON array with one object per column.
  subroutine labels(self, json, stat, errmsg)
    class(tern_descriptor), intent(in) :: self
    character(:), allocatable, intent(inout) :: json
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call fetch_text(tern_descriptor_labels, self%own, json, stat, errmsg)
  end subroutine labels

  subroutine descriptor_shape(self, system, features, rows, stat, errmsg)
    class(tern_descriptor), intent(in) :: self
    type(tern_system), intent(in) :: system
    integer(int64), intent(inout), target :: features, rows
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call finish_call(tern_descriptor_shape(self%own%address, system%own%address, c_loc(rows), c_loc(features)), stat, errmsg)
  end subroutine descriptor_shape

  !> What each row stands for: (2, rows) structure and centre, or (4, rows) with the two tags.
  subroutine rows(self, system, indices, stat, errmsg)
    class(tern_descriptor), intent(in) :: self
    type(tern_system), intent(in) :: system
    integer(int64), allocatable, intent(inout) :: indices(:, :)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(c_int64_t), target :: n
    integer(c_int64_t) :: width
    integer(c_int64_t), allocatable :: found(:, :)
    integer(c_int32_t) :: status
    status = tern_descriptor_index_size(self%own%address, width)
    if (status == TERN_SUCCESS) &
      status = tern_descriptor_shape(self%own%address, system%own%address, c_loc(n), c_null_ptr)
    if (status == TERN_SUCCESS) then
      allocate (found(width, n))
      status = tern_descriptor_rows(self%own%address, system%own%address, found)
    end if
    if (status == TERN_SUCCESS) then
      found = found + 1
      call move_alloc(found, indices)
    end if
    call finish_call(status, stat, errmsg)
  end subroutine rows

  !> The features of every row, (features, rows). An array that already has this shape is used again.
  subroutine compute(self, system, values, stat, errmsg)
    class(tern_descriptor), intent(in) :: self
    type(tern_system), intent(in) :: system
    real(real64), allocatable, intent(inout) :: values(:, :)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(c_int64_t), target :: n_rows, n_features
    integer(c_int32_t) :: status
    status = tern_descriptor_shape(self%own%address, system%own%address, c_loc(n_rows), c_loc(n_features))
    if (status == TERN_SUCCESS) then
      call make_room(values, n_features, n_rows)
      status = tern_descriptor_compute(self%own%address, system%own%address, values)
    end if
    call finish_call(status, stat, errmsg)
  end subroutine compute

  subroutine make_room(values, n_features, n_rows)
    real(real64), allocatable, intent(inout) :: values(:, :)
    integer(int64), intent(in) :: n_features, n_rows
    if (allocated(values)) then
      if (all(shape(values, int64) == [n_features, n_rows])) return
      deallocate (values)
    end if
    allocate (values(n_features, n_rows))
  end subroutine make_room

  !> Gradient of sum(weights * values) with respect to positions (3, n) and strain (3, 3).
  subroutine pullback(self, system, weights, gradient, strain, stat, errmsg)
    class(tern_descriptor), intent(in) :: self
    type(tern_system), intent(in) :: system
    real(real64), intent(in), contiguous :: weights(:, :) !< (features, rows)
    real(real64), intent(inout), contiguous, optional, target :: gradient(:, :)
    real(real64), intent(inout), optional, target :: strain(3, 3)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_ptr) :: gradient_address, strain_address
    integer(c_int64_t), target :: n_rows, n_features
    integer(c_int32_t) :: status
    gradient_address = c_null_ptr
    strain_address = c_null_ptr
    if (present(gradient)) gradient_address = c_loc(gradient)
    if (present(strain)) strain_address = c_loc(strain)
    status = tern_descriptor_shape(self%own%address, system%own%address, c_loc(n_rows), c_loc(n_features))
    if (status == TERN_SUCCESS) then
      if (any(shape(weights, int64) /= [n_features, n_rows])) then
        call finish_call(TERN_ERROR_ARGUMENT, stat, errmsg, 'weights must have the shape (features, rows) of compute')
        return
      end if
      if (present(gradient)) then
        if (any(shape(gradient) /= [3, system%size()])) then
          call finish_call(TERN_ERROR_ARGUMENT, stat, errmsg, 'gradient must have the shape (3, number of atoms)')
          return
        end if
      end if
      status = tern_descriptor_pullback(self%own%address, system%own%address, weights, gradient_address, strain_address)
    end if
    call finish_call(status, stat, errmsg)
  end subroutine pullback

  !> How the features (features, rows) change along a direction of positions (3, n) and strain (3, 3).
  subroutine pushforward(self, system, derivative, direction, strain, stat, errmsg)
    class(tern_descriptor), intent(in) :: self
    type(tern_system), intent(in) :: system
    real(real64), allocatable, intent(inout) :: derivative(:, :)
    real(real64), intent(in), contiguous, optional, target :: direction(:, :)
    real(real64), intent(in), optional, target :: strain(3, 3)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_ptr) :: direction_address, strain_address
    integer(c_int64_t), target :: n_rows, n_features
    integer(c_int32_t) :: status
    direction_address = c_null_ptr
    strain_address = c_null_ptr
    if (present(direction)) then
      if (any(shape(direction) /= [3, system%size()])) then
        call finish_call(TERN_ERROR_ARGUMENT, stat, errmsg, 'direction must have the shape (3, number of atoms)')
        return
      end if
      direction_address = c_loc(direction)
    end if
    if (present(strain)) strain_address = c_loc(strain)
    status = tern_descriptor_shape(self%own%address, system%own%address, c_loc(n_rows), c_loc(n_features))
    if (status == TERN_SUCCESS) then
      call make_room(derivative, n_features, n_rows)
      status = tern_descriptor_pushforward(self%own%address, system%own%address, direction_address, strain_address, derivative)
    end if
    call finish_call(status, stat, errmsg)
  end subroutine pushforward

  !> The sparse Jacobian: indices (2, blocks) row and atom, values (features, 3, blocks), strain (features, 3, 3, rows).
  subroutine jacobian(self, system, indices, values, strain, stat, errmsg)
    class(tern_descriptor), intent(in) :: self
    type(tern_system), intent(in) :: system
    integer(int64), allocatable, intent(inout) :: indices(:, :)
    real(real64), allocatable, intent(inout) :: values(:, :, :)
    real(real64), allocatable, intent(inout), optional :: strain(:, :, :, :)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(c_int64_t), target :: n_rows, n_features
    integer(c_int64_t) :: n_blocks
    integer(c_int64_t), allocatable, target :: pairs(:, :)
    real(real64), allocatable, target :: blocks(:, :, :), strains(:, :, :, :)
    type(c_ptr) :: strain_address
    integer(c_int32_t) :: status
    strain_address = c_null_ptr
    status = tern_descriptor_shape(self%own%address, system%own%address, c_loc(n_rows), c_loc(n_features))
    if (status == TERN_SUCCESS) status = tern_descriptor_jacobian_shape(self%own%address, system%own%address, n_blocks)
    if (status == TERN_SUCCESS) then
      allocate (pairs(2, n_blocks), blocks(n_features, 3, n_blocks))
      if (present(strain)) then
        allocate (strains(n_features, 3, 3, n_rows))
        strain_address = c_loc(strains)
      end if
      status = tern_descriptor_jacobian(self%own%address, system%own%address, c_loc(pairs), c_loc(blocks), strain_address)
    end if
    if (status == TERN_SUCCESS) then
      pairs = pairs + 1
      call move_alloc(pairs, indices)
      call move_alloc(blocks, values)
      if (present(strain)) call move_alloc(strains, strain)
    end if
    call finish_call(status, stat, errmsg)
  end subroutine jacobian

  !> Writes the features of a data set, safetensors or .npy.
  subroutine descriptor_write(self, dataset, path, observer, stat, errmsg)
    class(tern_descriptor), intent(in) :: self
    type(tern_dataset), intent(in) :: dataset
    character(*), intent(in) :: path
    class(tern_observer), intent(inout), optional, target :: observer
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(observer_box), target :: box
    call finish_call(tern_descriptor_write(self%own%address, dataset%own%address, c_text(path), observer_pointer(observer), &
      observer_context(observer, box)), stat, errmsg)
  end subroutine descriptor_write
end module ternion_descriptor
