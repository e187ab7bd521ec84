! SPDX-License-Identifier: BSD-3-Clause
!> Options: typed key/value pairs; `ternion options` lists them.
module ternion_options
  use, intrinsic :: iso_c_binding
  use, intrinsic :: iso_fortran_env, only: int32, int64, real32, real64
  use ternion_raw
  use ternion_support
  implicit none
  private
  public :: tern_options, address_of

  type :: tern_options
    type(owned_handle) :: own !< not for users
  contains
    procedure, private :: set_text, set_int32, set_int64, set_real32, set_real64, set_logical
    procedure, private :: set_int32s, set_int64s, set_real64s
    !> call options%set(key, value [, stat, errmsg]); value: text as on the command line, a number, a flag or a list
    generic :: set => set_text, set_int32, set_int64, set_real32, set_real64, set_logical, set_int32s, set_int64s, &
      set_real64s
    procedure :: get
    procedure, private :: assign => options_assign
    generic :: assignment(=) => assign
    final :: options_final
  end type tern_options

contains

  impure elemental subroutine options_final(self)
    type(tern_options), intent(inout) :: self
    call release(self%own, tern_options_free)
  end subroutine options_final

  subroutine options_assign(self, other)
    class(tern_options), intent(inout) :: self
    class(tern_options), intent(in) :: other
    call share(self%own, other%own, tern_options_free)
  end subroutine options_assign

  !> NULL stands for the defaults.
  function address_of(options) result(address)
    type(tern_options), intent(in), optional :: options
    type(c_ptr) :: address
    address = c_null_ptr
    if (present(options)) address = options%own%address
  end function address_of

  !> The handle is made when it is first needed.
  function ready(self, stat, errmsg) result(good)
    class(tern_options), intent(inout) :: self
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    logical :: good
    type(c_ptr) :: address
    integer(c_int32_t) :: status
    good = c_associated(self%own%address)
    if (good) return
    if (.not. check_abi(stat, errmsg)) return
    address = c_null_ptr
    status = tern_options_new(address)
    good = status == TERN_SUCCESS
    if (good) then
      call adopt(self%own, address, tern_options_free)
    else
      call finish_call(status, stat, errmsg)
    end if
  end function ready

  subroutine set_text(self, key, value, stat, errmsg)
    class(tern_options), intent(inout) :: self
    character(*), intent(in) :: key, value
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (ready(self, stat, errmsg)) &
      call finish_call(tern_options_set(self%own%address, c_text(key), c_text(value)), stat, errmsg)
  end subroutine set_text

  subroutine set_int64(self, key, value, stat, errmsg)
    class(tern_options), intent(inout) :: self
    character(*), intent(in) :: key
    integer(int64), intent(in) :: value
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (ready(self, stat, errmsg)) &
      call finish_call(tern_options_set_int(self%own%address, c_text(key), value), stat, errmsg)
  end subroutine set_int64

  subroutine set_int32(self, key, value, stat, errmsg)
    class(tern_options), intent(inout) :: self
    character(*), intent(in) :: key
    integer(int32), intent(in) :: value
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call self%set_int64(key, int(value, int64), stat, errmsg)
  end subroutine set_int32

  subroutine set_logical(self, key, value, stat, errmsg)
    class(tern_options), intent(inout) :: self
    character(*), intent(in) :: key
    logical, intent(in) :: value
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call self%set_int64(key, merge(1_int64, 0_int64, value), stat, errmsg)
  end subroutine set_logical

  subroutine set_real64(self, key, value, stat, errmsg)
    class(tern_options), intent(inout) :: self
    character(*), intent(in) :: key
    real(real64), intent(in) :: value
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (ready(self, stat, errmsg)) &
      call finish_call(tern_options_set_double(self%own%address, c_text(key), value), stat, errmsg)
  end subroutine set_real64

  subroutine set_real32(self, key, value, stat, errmsg)
    class(tern_options), intent(inout) :: self
    character(*), intent(in) :: key
    real(real32), intent(in) :: value
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(13) :: digits
    write (digits, '(es13.6)') value ! 0.3 is meant to be 0.3, not 0.300000012
    call self%set_text(key, adjustl(digits), stat, errmsg)
  end subroutine set_real32

  subroutine set_int64s(self, key, value, stat, errmsg)
    class(tern_options), intent(inout) :: self
    character(*), intent(in) :: key
    integer(int64), intent(in) :: value(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (ready(self, stat, errmsg)) &
      call finish_call(tern_options_set_ints(self%own%address, c_text(key), size(value, kind=int64), value), &
        stat, errmsg)
  end subroutine set_int64s

  subroutine set_int32s(self, key, value, stat, errmsg)
    class(tern_options), intent(inout) :: self
    character(*), intent(in) :: key
    integer(int32), intent(in) :: value(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call self%set_int64s(key, int(value, int64), stat, errmsg)
  end subroutine set_int32s

  subroutine set_real64s(self, key, value, stat, errmsg)
    class(tern_options), intent(inout) :: self
    character(*), intent(in) :: key
    real(real64), intent(in) :: value(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    if (ready(self, stat, errmsg)) &
      call finish_call(tern_options_set_doubles(self%own%address, c_text(key), size(value, kind=int64), value), &
        stat, errmsg)
  end subroutine set_real64s

  !> The value of an option as text, its default when it was not set.
  subroutine get(self, key, value, stat, errmsg)
    class(tern_options), intent(inout) :: self
    character(*), intent(in) :: key
    character(:), allocatable, intent(inout) :: value
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    character(kind=c_char), allocatable, target :: buffer(:)
    integer(c_int64_t), target :: length
    integer(c_int32_t) :: status
    if (.not. ready(self, stat, errmsg)) return
    status = tern_options_get(self%own%address, c_text(key), c_null_ptr, 0_c_int64_t, c_loc(length))
    if (status == TERN_SUCCESS) then
      allocate (buffer(length + 1))
      status = tern_options_get(self%own%address, c_text(key), c_loc(buffer), length + 1, c_null_ptr)
    end if
    if (status == TERN_SUCCESS) value = f_text(buffer, length)
    call finish_call(status, stat, errmsg)
  end subroutine get
end module ternion_options
