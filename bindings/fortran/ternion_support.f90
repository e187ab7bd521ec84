! SPDX-License-Identifier: BSD-3-Clause
!> What the typed handles share: counted ownership, errors, text and progress.
module ternion_support
  use, intrinsic :: iso_c_binding
  use, intrinsic :: iso_fortran_env, only: error_unit
  use ternion_raw, only: TERN_ABI, TERN_SUCCESS, TERN_ERROR_VERSION, tern_abi_version, tern_last_error
  implicit none
  private
  public :: owned_handle, adopt, release, share, finish_call, check_abi, c_text, f_text
  public :: tern_observer, fetch_text, observer_box, observer_pointer, observer_context

  !> A C handle and how many Fortran variables hold it: assignment shares it, the last holder frees it.
  type :: owned_handle
    type(c_ptr) :: address = c_null_ptr
    integer, pointer :: owners => null()
  end type owned_handle

  abstract interface
    function free_interface(handle) bind(c) result(status)
      import :: c_ptr, c_int32_t
      type(c_ptr), value :: handle
      integer(c_int32_t) :: status
    end function free_interface

    function text_interface(handle, buffer, capacity, length) bind(c) result(status)
      import :: c_ptr, c_int32_t, c_int64_t
      type(c_ptr), value :: handle
      type(c_ptr), value :: buffer
      integer(c_int64_t), value :: capacity
      type(c_ptr), value :: length
      integer(c_int32_t) :: status
    end function text_interface
  end interface

  !> Watches long work. Extend it, keep what you like in it, and return .false. from report to cancel. An object, not a
  !> bare procedure, so that no internal procedure needs an executable stack.
  type, abstract :: tern_observer
  contains
    procedure(report_interface), deferred :: report
  end type tern_observer

  abstract interface
    !> stage: what is being done; done of total steps (total 0: not known); loss < 0: none. Return .true. to go on.
    function report_interface(self, stage, done, total, loss) result(go_on)
      import :: tern_observer, c_int64_t, c_double
      class(tern_observer), intent(inout) :: self
      character(*), intent(in) :: stage
      integer(c_int64_t), intent(in) :: done, total
      real(c_double), intent(in) :: loss
      logical :: go_on
    end function report_interface
  end interface

  !> A polymorphic pointer that C can carry by address.
  type :: observer_box
    class(tern_observer), pointer :: observer => null()
  end type observer_box

contains

  !> Takes a handle that a successful call made, in place of the one held so far.
  subroutine adopt(own, address, free)
    type(owned_handle), intent(inout) :: own
    type(c_ptr), intent(in) :: address
    procedure(free_interface) :: free
    call release(own, free)
    own%address = address
    allocate (own%owners)
    own%owners = 1
  end subroutine adopt

  subroutine release(own, free)
    type(owned_handle), intent(inout) :: own
    procedure(free_interface) :: free
    integer(c_int32_t) :: status
    if (.not. associated(own%owners)) return
    own%owners = own%owners - 1
    if (own%owners == 0) then
      status = free(own%address)
      deallocate (own%owners)
    end if
    own%owners => null()
    own%address = c_null_ptr
  end subroutine release

  subroutine share(to, from, free)
    type(owned_handle), intent(inout) :: to
    type(owned_handle), intent(in) :: from
    procedure(free_interface) :: free
    if (associated(to%owners, from%owners)) return
    call release(to, free)
    to%address = from%address
    to%owners => from%owners
    if (associated(to%owners)) to%owners = to%owners + 1
  end subroutine share

  !> Ends a call: hands status and message to the caller, or stops with the message when he asked for neither.
  subroutine finish_call(status, stat, errmsg, message)
    integer(c_int32_t), intent(in) :: status
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(*), intent(in), optional :: message !< instead of the library's own
    character(:), allocatable :: text
    if (present(stat)) stat = status
    if (status == TERN_SUCCESS) return
    if (present(message)) then
      text = message
    else
      text = last_error()
    end if
    if (present(errmsg)) errmsg = text
    if (present(stat)) return
    write (error_unit, '(2a)') 'ternion: ', text
    flush (error_unit)
    error stop 1
  end subroutine finish_call

  function last_error() result(text)
    character(:), allocatable :: text
    character(kind=c_char), target :: buffer(1024)
    integer(c_int32_t) :: status
    integer(c_int64_t), target :: length
    length = 0
    status = tern_last_error(c_loc(buffer), size(buffer, kind=c_int64_t), c_loc(length))
    text = f_text(buffer, min(length, size(buffer, kind=c_int64_t) - 1))
  end function last_error

  !> Every constructor asks first whether the library at hand is the one that this module was generated for.
  function check_abi(stat, errmsg) result(good)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    logical :: good
    integer(c_int32_t) :: status, version
    character(160) :: message
    version = -1
    status = tern_abi_version(version)
    good = version == TERN_ABI
    if (good) return
    write (message, '(a, i0, a, i0, a)') 'libternion has ABI ', version, ' but this program was built for ABI ', &
      TERN_ABI, ': rebuild it against the installed Ternion, or put the matching library first in LD_LIBRARY_PATH'
    call finish_call(TERN_ERROR_VERSION, stat, errmsg, trim(message))
  end function check_abi

  pure function c_text(text) result(characters)
    character(*), intent(in) :: text
    character(kind=c_char) :: characters(len_trim(text) + 1)
    integer :: i
    do i = 1, len_trim(text)
      characters(i) = text(i:i)
    end do
    characters(len_trim(text) + 1) = c_null_char
  end function c_text

  pure function f_text(characters, length) result(text)
    character(kind=c_char), intent(in) :: characters(:)
    integer(c_int64_t), intent(in) :: length
    character(:), allocatable :: text
    integer(c_int64_t) :: i
    allocate (character(length) :: text)
    do i = 1, length
      text(i:i) = characters(i)
    end do
  end function f_text

  !> Text of any length that a handle gives: its length is asked for first.
  subroutine fetch_text(get, own, text, stat, errmsg)
    procedure(text_interface) :: get
    type(owned_handle), intent(in) :: own
    character(:), allocatable, intent(inout) :: text
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: buffer(:)
    integer(c_int64_t), target :: length
    integer(c_int32_t) :: status
    status = get(own%address, c_null_ptr, 0_c_int64_t, c_loc(length))
    if (status == TERN_SUCCESS) then
      allocate (buffer(length + 1))
      status = get(own%address, c_loc(buffer), length + 1, c_null_ptr)
    end if
    if (status == TERN_SUCCESS) text = f_text(buffer, length)
    call finish_call(status, stat, errmsg)
  end subroutine fetch_text

  function observer_pointer(observer) result(pointer)
    class(tern_observer), intent(in), optional :: observer
    type(c_funptr) :: pointer
    pointer = c_null_funptr
    if (present(observer)) pointer = c_funloc(report_to_observer)
  end function observer_pointer

  function observer_context(observer, box) result(context)
    class(tern_observer), intent(in), optional, target :: observer
    type(observer_box), intent(inout), target :: box
    type(c_ptr) :: context
    context = c_null_ptr
    if (.not. present(observer)) return
    call point_to(box, observer)
    context = c_loc(box)
  end function observer_context

  !> The observer was given to us as intent(inout) by the caller of the long work; only its address travels here.
  subroutine point_to(box, observer)
    type(observer_box), intent(inout) :: box
    class(tern_observer), intent(in), target :: observer
    box%observer => observer
  end subroutine point_to

  function report_to_observer(stage, done, total, loss, context) bind(c) result(status)
    character(kind=c_char), intent(in) :: stage(*)
    integer(c_int64_t), value :: done, total
    real(c_double), value :: loss
    type(c_ptr), value :: context
    integer(c_int32_t) :: status
    type(observer_box), pointer :: box
    integer(c_int64_t) :: length
    call c_f_pointer(context, box)
    length = 0
    do while (stage(length + 1) /= c_null_char)
      length = length + 1
    end do
    status = merge(0_c_int32_t, 1_c_int32_t, box%observer%report(f_text(stage(1:length), length), done, total, loss))
  end function report_to_observer
end module ternion_support
