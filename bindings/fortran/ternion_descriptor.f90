! SPDX-License-Identifier: BSD-3-Clause
!> Descriptors of atomic environments. Arrays are (features, rows); rows and atoms are numbered from 1. The argument
!> centers=[first, last] takes only the rows of these centres, counted from the first of them, so that memory is
!> bounded.
module ternion_descriptor
  use, intrinsic :: iso_c_binding
  use, intrinsic :: iso_fortran_env, only: int64, real64
  use ternion_raw
  use ternion_support
  use ternion_options
  use ternion_system
  use ternion_dataset
  use ternion_model
  implicit none
  private
  public :: tern_descriptor

  type :: tern_descriptor
    type(owned_handle) :: own !< not for users
  contains
    procedure :: init
    procedure :: from_model
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
    procedure :: weights
    procedure :: weights_pullback
    procedure :: centers => descriptor_centers
    procedure :: sensitivity
    procedure :: write => descriptor_write
    procedure, private :: assign => descriptor_assign
    generic :: assignment(=) => assign
    final :: descriptor_final
  end type tern_descriptor

  type :: span
    integer(c_int64_t) :: first = 0, count = 0 !< centres, from 0
    integer(c_int64_t) :: rows = 0, features = 0, blocks = 0
  end type span

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

  !> A descriptor whose features are the vectors that a model predicts, a row for each centre. Energies are fitted on
  !> them with the options descriptor = 'learned' and learned = the model's file.
  subroutine from_model(self, model, stat, errmsg)
    class(tern_descriptor), intent(inout) :: self
    type(tern_model), intent(in) :: model
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_ptr) :: address
    integer(c_int32_t) :: status
    address = c_null_ptr
    status = tern_descriptor_from_model(address, model%own%address)
    if (status == TERN_SUCCESS) call adopt(self%own, address, tern_descriptor_free)
    call finish_call(status, stat, errmsg)
  end subroutine from_model

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

  !> Number of centres of a system.
  subroutine descriptor_centers(self, system, n, stat, errmsg)
    class(tern_descriptor), intent(in) :: self
    type(tern_system), intent(in) :: system
    integer(int64), intent(inout) :: n
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call finish_call(tern_descriptor_centers(self%own%address, system%own%address, n), stat, errmsg)
  end subroutine descriptor_centers

  subroutine descriptor_shape(self, system, features, rows, stat, errmsg, centers)
    class(tern_descriptor), intent(in) :: self
    type(tern_system), intent(in) :: system
    integer(int64), intent(inout), target :: features, rows
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer, intent(in), optional :: centers(2) !< first and last
    type(span) :: asked
    integer(c_int32_t) :: status
    call measure(self, system, asked, status, centers)
    if (status == TERN_SUCCESS) then
      features = asked%features
      rows = asked%rows
    end if
    call finish_call(status, stat, errmsg)
  end subroutine descriptor_shape

  !> The range of centres that a call is for, and its sizes.
  subroutine measure(self, system, asked, status, centers, with_blocks)
    class(tern_descriptor), intent(in) :: self
    type(tern_system), intent(in) :: system
    type(span), intent(out), target :: asked
    integer(c_int32_t), intent(out) :: status
    integer, intent(in), optional :: centers(2)
    logical, intent(in), optional :: with_blocks
    type(c_ptr) :: blocks
    blocks = c_null_ptr
    if (present(with_blocks)) blocks = c_loc(asked%blocks)
    if (present(centers)) then
      asked%first = centers(1) - 1_int64
      asked%count = centers(2) - asked%first
      status = TERN_SUCCESS
    else
      status = tern_descriptor_centers(self%own%address, system%own%address, asked%count)
    end if
    if (status == TERN_SUCCESS) status = tern_descriptor_shape_range(self%own%address, system%own%address, &
      asked%first, asked%count, c_loc(asked%rows), c_loc(asked%features), blocks)
  end subroutine measure

  !> What each row stands for: (2, rows) structure and centre, (3, rows) with one tag or (4, rows) with two; 0 for a tag
  !> that is the centre itself.
  subroutine rows(self, system, indices, stat, errmsg, centers)
    class(tern_descriptor), intent(in) :: self
    type(tern_system), intent(in) :: system
    integer(int64), allocatable, intent(inout) :: indices(:, :)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer, intent(in), optional :: centers(2) !< first and last
    type(span) :: asked
    integer(c_int64_t) :: width
    integer(c_int64_t), allocatable :: found(:, :)
    integer(c_int32_t) :: status
    call measure(self, system, asked, status, centers)
    if (status == TERN_SUCCESS) status = tern_descriptor_index_size(self%own%address, width)
    if (status == TERN_SUCCESS) then
      allocate (found(width, asked%rows))
      status = tern_descriptor_rows_range(self%own%address, system%own%address, asked%first, asked%count, found)
    end if
    if (status == TERN_SUCCESS) then
      found = found + 1
      call move_alloc(found, indices)
    end if
    call finish_call(status, stat, errmsg)
  end subroutine rows

  !> The features of every row, (features, rows). An array that already has this shape is used again.
  subroutine compute(self, system, values, stat, errmsg, centers)
    class(tern_descriptor), intent(in) :: self
    type(tern_system), intent(in) :: system
    real(real64), allocatable, intent(inout) :: values(:, :)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer, intent(in), optional :: centers(2) !< first and last
    type(span) :: asked
    integer(c_int32_t) :: status
    integer :: failed
    call measure(self, system, asked, status, centers)
    if (status == TERN_SUCCESS) then
      call make_room(values, asked%features, asked%rows, failed)
      if (failed /= 0) then
        call refuse_memory(asked%features, asked%rows, stat, errmsg)
        return
      end if
      status = tern_descriptor_compute_range(self%own%address, system%own%address, asked%first, asked%count, values)
    end if
    call finish_call(status, stat, errmsg)
  end subroutine compute

  subroutine make_room(values, n_features, n_rows, failed)
    real(real64), allocatable, intent(inout) :: values(:, :)
    integer(int64), intent(in) :: n_features, n_rows
    integer, intent(out) :: failed
    failed = 0
    if (allocated(values)) then
      if (all(shape(values, int64) == [n_features, n_rows])) return
      deallocate (values)
    end if
    allocate (values(n_features, n_rows), stat=failed)
  end subroutine make_room

  subroutine refuse_memory(n_features, n, stat, errmsg)
    integer(int64), intent(in) :: n_features, n
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(200) :: message
    write (message, '(es10.3, a, i0, a, i0, a)') 8*real(n_features, real64)*real(n, real64), ' bytes for ', n, &
      ' times ', n_features, ' features are not to be had; use fewer features, or ranges of centres, such as ' // &
      'centers=[1, 100]'
    call finish_call(TERN_ERROR_MEMORY, stat, errmsg, trim(adjustl(message)))
  end subroutine refuse_memory

  !> Gradient of sum(weights * values) with respect to positions (3, n) and strain (3, 3).
  subroutine pullback(self, system, weights, gradient, strain, stat, errmsg, centers)
    class(tern_descriptor), intent(in) :: self
    type(tern_system), intent(in) :: system
    real(real64), intent(in), contiguous :: weights(:, :) !< (features, rows)
    real(real64), intent(inout), contiguous, optional, target :: gradient(:, :)
    real(real64), intent(inout), optional, target :: strain(3, 3)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer, intent(in), optional :: centers(2) !< first and last
    type(span) :: asked
    type(c_ptr) :: gradient_address, strain_address
    integer(c_int32_t) :: status
    call measure(self, system, asked, status, centers)
    if (status == TERN_SUCCESS) then
      if (any(shape(weights, int64) /= [asked%features, asked%rows])) then
        call finish_call(TERN_ERROR_ARGUMENT, stat, errmsg, 'weights must have the shape (features, rows) of compute')
        return
      end if
      if (.not. outputs(system, gradient, strain, gradient_address, strain_address, stat, errmsg)) return
      status = tern_descriptor_pullback_range(self%own%address, system%own%address, asked%first, asked%count, weights, &
        gradient_address, strain_address)
    end if
    call finish_call(status, stat, errmsg)
  end subroutine pullback

  !> Addresses of a gradient's parts, null where they are not asked for.
  function outputs(system, gradient, strain, gradient_address, strain_address, stat, errmsg) result(good)
    type(tern_system), intent(in) :: system
    real(real64), intent(inout), contiguous, optional, target :: gradient(:, :)
    real(real64), intent(inout), optional, target :: strain(3, 3)
    type(c_ptr), intent(out) :: gradient_address, strain_address
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    logical :: good
    gradient_address = c_null_ptr
    strain_address = c_null_ptr
    good = .true.
    if (present(strain)) strain_address = c_loc(strain)
    if (.not. present(gradient)) return
    gradient_address = c_loc(gradient)
    good = all(shape(gradient) == [3, system%size()])
    if (.not. good) &
      call finish_call(TERN_ERROR_ARGUMENT, stat, errmsg, 'gradient must have the shape (3, number of atoms)')
  end function outputs

  !> How the features (features, rows) change along a direction of positions (3, n) and strain (3, 3).
  subroutine pushforward(self, system, derivative, direction, strain, stat, errmsg, centers)
    class(tern_descriptor), intent(in) :: self
    type(tern_system), intent(in) :: system
    real(real64), allocatable, intent(inout) :: derivative(:, :)
    real(real64), intent(in), contiguous, optional, target :: direction(:, :)
    real(real64), intent(in), optional, target :: strain(3, 3)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer, intent(in), optional :: centers(2) !< first and last
    type(span) :: asked
    type(c_ptr) :: direction_address, strain_address
    integer(c_int32_t) :: status
    integer :: failed
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
    call measure(self, system, asked, status, centers)
    if (status == TERN_SUCCESS) then
      call make_room(derivative, asked%features, asked%rows, failed)
      if (failed /= 0) then
        call refuse_memory(asked%features, asked%rows, stat, errmsg)
        return
      end if
      status = tern_descriptor_pushforward_range(self%own%address, system%own%address, asked%first, asked%count, &
        direction_address, strain_address, derivative)
    end if
    call finish_call(status, stat, errmsg)
  end subroutine pushforward

  !> The sparse Jacobian: indices (2, blocks) row and atom, values (features, 3, blocks), strain (features, 3, 3, rows).
  subroutine jacobian(self, system, indices, values, strain, stat, errmsg, centers)
    class(tern_descriptor), intent(in) :: self
    type(tern_system), intent(in) :: system
    integer(int64), allocatable, intent(inout) :: indices(:, :)
    real(real64), allocatable, intent(inout) :: values(:, :, :)
    real(real64), allocatable, intent(inout), optional :: strain(:, :, :, :)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer, intent(in), optional :: centers(2) !< first and last
    type(span) :: asked
    integer(c_int64_t), allocatable, target :: pairs(:, :)
    real(real64), allocatable, target :: blocks(:, :, :), strains(:, :, :, :)
    type(c_ptr) :: strain_address
    integer(c_int32_t) :: status
    integer :: failed
    strain_address = c_null_ptr
    call measure(self, system, asked, status, centers, with_blocks=.true.)
    if (status == TERN_SUCCESS) then
      allocate (pairs(2, asked%blocks), blocks(asked%features, 3, asked%blocks), stat=failed)
      if (failed == 0 .and. present(strain)) then
        allocate (strains(asked%features, 3, 3, asked%rows), stat=failed)
        if (failed == 0) strain_address = c_loc(strains)
      end if
      if (failed /= 0) then
        call refuse_memory(asked%features, 3*asked%blocks, stat, errmsg)
        return
      end if
      status = tern_descriptor_jacobian_range(self%own%address, system%own%address, asked%first, asked%count, &
        c_loc(pairs), c_loc(blocks), strain_address)
    end if
    if (status == TERN_SUCCESS) then
      pairs = pairs + 1
      call move_alloc(pairs, indices)
      call move_alloc(blocks, values)
      if (present(strain)) call move_alloc(strains, strain)
    end if
    call finish_call(status, stat, errmsg)
  end subroutine jacobian

  !> Weights of rows: the cutoff function with tag_cutoff and tag_width of each of a row's tags, multiplied. Sums over
  !> rows of weight times any function of the features are smooth. All 1 for kinds without tags.
  subroutine weights(self, system, values, stat, errmsg, centers)
    class(tern_descriptor), intent(in) :: self
    type(tern_system), intent(in) :: system
    real(real64), allocatable, intent(inout) :: values(:) !< (rows)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer, intent(in), optional :: centers(2) !< first and last
    type(span) :: asked
    real(real64), allocatable :: found(:)
    integer(c_int32_t) :: status
    call measure(self, system, asked, status, centers)
    if (status == TERN_SUCCESS) then
      allocate (found(asked%rows))
      status = tern_descriptor_weights_range(self%own%address, system%own%address, asked%first, asked%count, found)
    end if
    if (status == TERN_SUCCESS) call move_alloc(found, values)
    call finish_call(status, stat, errmsg)
  end subroutine weights

  !> Gradient of sum(slopes * weights) with respect to positions (3, n) and strain (3, 3).
  subroutine weights_pullback(self, system, slopes, gradient, strain, stat, errmsg, centers)
    class(tern_descriptor), intent(in) :: self
    type(tern_system), intent(in) :: system
    real(real64), intent(in), contiguous :: slopes(:) !< (rows)
    real(real64), intent(inout), contiguous, optional, target :: gradient(:, :)
    real(real64), intent(inout), optional, target :: strain(3, 3)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer, intent(in), optional :: centers(2) !< first and last
    type(span) :: asked
    type(c_ptr) :: gradient_address, strain_address
    integer(c_int32_t) :: status
    call measure(self, system, asked, status, centers)
    if (status == TERN_SUCCESS) then
      if (size(slopes, kind=int64) /= asked%rows) then
        call finish_call(TERN_ERROR_ARGUMENT, stat, errmsg, 'slopes must have one number for each row')
        return
      end if
      if (.not. outputs(system, gradient, strain, gradient_address, strain_address, stat, errmsg)) return
      status = tern_descriptor_weights_pullback_range(self%own%address, system%own%address, asked%first, asked%count, &
        slopes, gradient_address, strain_address)
    end if
    call finish_call(status, stat, errmsg)
  end subroutine weights_pullback

  !> What the descriptor sees to first order: singular values of its derivative with respect to all moves of atoms but
  !> the rigid ones, falling, of a whole structure or of the environment of one centre, whose neighbours move; vectors
  !> (3, n, directions) are these moves, of length 1. The descriptor is blind along those behind the first `seen`.
  !> Option: threshold.
  subroutine sensitivity(self, system, singular_values, seen, vectors, center, options, observer, stat, errmsg)
    class(tern_descriptor), intent(in) :: self
    type(tern_system), intent(in) :: system
    real(real64), allocatable, intent(inout) :: singular_values(:)
    integer, intent(inout), optional :: seen
    real(real64), allocatable, intent(inout), optional :: vectors(:, :, :)
    integer, intent(in), optional :: center
    type(tern_options), intent(in), optional :: options
    class(tern_observer), intent(inout), optional, target :: observer
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(observer_box), target :: box
    real(real64), allocatable :: values(:)
    real(real64), allocatable, target :: moves(:, :, :)
    integer(c_int64_t), target :: count
    integer(c_int64_t) :: number, directions
    integer(c_int32_t) :: status
    number = -1
    if (present(center)) then
      if (center < 1) then
        call finish_call(TERN_ERROR_ARGUMENT, stat, errmsg, 'center must be the number of a centre, from 1')
        return
      end if
      number = center - 1
    end if
    status = tern_sensitivity_shape(self%own%address, system%own%address, number, directions, c_null_ptr)
    if (status == TERN_SUCCESS) then
      allocate (values(directions), moves(3, system%size(), directions))
      status = tern_sensitivity(self%own%address, system%own%address, number, address_of(options), c_loc(count), &
        values, c_loc(moves), observer_pointer(observer), observer_context(observer, box))
    end if
    if (status == TERN_SUCCESS) then
      call move_alloc(values, singular_values)
      if (present(vectors)) call move_alloc(moves, vectors)
      if (present(seen)) seen = int(count)
    end if
    call finish_call(status, stat, errmsg)
  end subroutine sensitivity

  !> Writes the features of a data set, safetensors or .npy.
  subroutine descriptor_write(self, dataset, path, observer, stat, errmsg)
    class(tern_descriptor), intent(in) :: self
    type(tern_dataset), intent(in) :: dataset
    character(*), intent(in) :: path
    class(tern_observer), intent(inout), optional, target :: observer
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(observer_box), target :: box
    call finish_call(tern_descriptor_write(self%own%address, dataset%own%address, c_text(path), &
      observer_pointer(observer), observer_context(observer, box)), stat, errmsg)
  end subroutine descriptor_write
end module ternion_descriptor
