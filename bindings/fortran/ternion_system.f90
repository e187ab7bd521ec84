! SPDX-License-Identifier: BSD-3-Clause
!> Structures. Atoms are numbered from 1 here; arrays are (3, n), and are handed over without a copy.
module ternion_system
  use, intrinsic :: iso_c_binding
  use, intrinsic :: iso_fortran_env, only: int32, int64, real64
  use ternion_raw
  use ternion_support
  use ternion_options
  implicit none
  private
  public :: tern_system, take_system

  type :: tern_system
    type(owned_handle) :: own !< not for users
  contains
    procedure :: init
    procedure :: init_from_pairs
    procedure :: size => system_size
    procedure :: n_owned => system_owned
    procedure :: get => system_get
    procedure :: pairs => system_pairs
    procedure :: compare => system_compare
    procedure, private :: assign => system_assign
    generic :: assignment(=) => assign
    final :: system_final
  end type tern_system

contains

  impure elemental subroutine system_final(self)
    type(tern_system), intent(inout) :: self
    call release(self%own, tern_system_free)
  end subroutine system_final

  subroutine system_assign(self, other)
    class(tern_system), intent(inout) :: self
    class(tern_system), intent(in) :: other
    call share(self%own, other%own, tern_system_free)
  end subroutine system_assign

  subroutine take_system(self, address)
    class(tern_system), intent(inout) :: self
    type(c_ptr), intent(in) :: address
    call adopt(self%own, address, tern_system_free)
  end subroutine take_system

  !> A structure from arrays.
  subroutine init(self, species, positions, cell, periodic, stat, errmsg)
    class(tern_system), intent(inout) :: self
    integer(int32), intent(in), contiguous :: species(:)        !< (n) atomic numbers
    real(real64), intent(in), contiguous :: positions(:, :)     !< (3, n) Angstrom
    real(real64), intent(in), optional, target :: cell(3, 3)    !< vectors as columns, Angstrom
    logical, intent(in), optional :: periodic(3)                !< default: all with a cell, none without
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(c_int32_t), target :: flags(3)
    type(c_ptr) :: address, cell_address, flags_address
    integer(c_int32_t) :: status
    if (.not. check_abi(stat, errmsg)) return
    if (any(shape(positions) /= [3, size(species)])) then
      call finish_call(TERN_ERROR_ARGUMENT, stat, errmsg, 'positions must have the shape (3, size(species))')
      return
    end if
    address = c_null_ptr
    cell_address = c_null_ptr
    flags_address = c_null_ptr
    if (present(cell)) cell_address = c_loc(cell)
    if (present(periodic)) then
      flags = merge(1_c_int32_t, 0_c_int32_t, periodic)
      flags_address = c_loc(flags)
    end if
    status = tern_system_new(address, size(species, kind=int64), species, positions, cell_address, flags_address)
    if (status == TERN_SUCCESS) call take_system(self, address)
    call finish_call(status, stat, errmsg)
  end subroutine init

  !> A structure from a host program's own full neighbour list.
  subroutine init_from_pairs(self, n_owned, species, pairs, vectors, cutoff, stat, errmsg)
    class(tern_system), intent(inout) :: self
    integer, intent(in) :: n_owned                              !< centres; the other atoms are ghosts
    integer(int32), intent(in), contiguous :: species(:)        !< (n) atomic numbers, owned atoms first
    integer(int64), intent(in) :: pairs(:, :)                   !< (2, n_pairs) centre and neighbour, from 1
    real(real64), intent(in), contiguous :: vectors(:, :)       !< (3, n_pairs) neighbour minus centre, Angstrom
    real(real64), intent(in) :: cutoff                          !< the list is complete to this distance, Angstrom
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_ptr) :: address
    integer(c_int32_t) :: status
    if (.not. check_abi(stat, errmsg)) return
    if (size(pairs, 1) /= 2 .or. any(shape(vectors) /= [3, size(pairs, 2)])) then
      call finish_call(TERN_ERROR_ARGUMENT, stat, errmsg, 'pairs must have the shape (2, n) and vectors (3, n)')
      return
    end if
    address = c_null_ptr
    status = tern_system_new_from_pairs(address, int(n_owned, int64), size(species, kind=int64), species, &
      size(pairs, 2, kind=int64), pairs - 1_int64, vectors, cutoff)
    if (status == TERN_SUCCESS) call take_system(self, address)
    call finish_call(status, stat, errmsg)
  end subroutine init_from_pairs

  !> Number of atoms, ghosts included; 0 before init.
  function system_size(self) result(n)
    class(tern_system), intent(in) :: self
    integer :: n
    integer(c_int64_t) :: n_atoms
    n_atoms = 0
    if (c_associated(self%own%address)) call finish_call(tern_system_size(self%own%address, n_atoms, c_null_ptr))
    n = int(n_atoms)
  end function system_size

  !> Number of owned atoms.
  function system_owned(self) result(n)
    class(tern_system), intent(in) :: self
    integer :: n
    integer(c_int64_t), target :: n_owned
    integer(c_int64_t) :: n_atoms
    n_owned = 0
    if (c_associated(self%own%address)) call finish_call(tern_system_size(self%own%address, n_atoms, c_loc(n_owned)))
    n = int(n_owned)
  end function system_owned

  !> What the system was made from.
  subroutine system_get(self, species, positions, cell, periodic, stat, errmsg)
    class(tern_system), intent(in) :: self
    integer(int32), allocatable, intent(inout), optional :: species(:)
    real(real64), allocatable, intent(inout), optional :: positions(:, :)
    real(real64), intent(inout), optional :: cell(3, 3)
    logical, intent(inout), optional :: periodic(3)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(int32) :: flags(3)
    integer(int32), allocatable :: numbers(:)
    real(real64) :: vectors(3, 3)
    real(real64), allocatable :: places(:, :)
    integer(c_int32_t) :: status
    status = tern_system_cell(self%own%address, vectors, flags)
    if (status == TERN_SUCCESS .and. present(species)) then
      allocate (numbers(self%size()))
      status = tern_system_species(self%own%address, numbers)
    end if
    if (status == TERN_SUCCESS .and. present(positions)) then
      allocate (places(3, self%size()))
      status = tern_system_positions(self%own%address, places)
    end if
    if (status == TERN_SUCCESS) then
      if (present(species)) species = numbers
      if (present(positions)) call move_alloc(places, positions)
      if (present(cell)) cell = vectors
      if (present(periodic)) periodic = flags /= 0
    end if
    call finish_call(status, stat, errmsg)
  end subroutine system_get

  !> Neighbour pairs (2, n), numbered from 1, and the vectors (3, n) from centre to neighbour.
  subroutine system_pairs(self, cutoff, pairs, vectors, stat, errmsg)
    class(tern_system), intent(in) :: self
    real(real64), intent(in) :: cutoff
    integer(int64), allocatable, intent(inout) :: pairs(:, :)
    real(real64), allocatable, intent(inout) :: vectors(:, :)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(c_int64_t) :: n
    integer(c_int64_t), allocatable :: atoms(:, :)
    real(real64), allocatable :: arrows(:, :)
    integer(c_int32_t) :: status
    status = tern_system_pairs_count(self%own%address, cutoff, n)
    if (status == TERN_SUCCESS) then
      allocate (atoms(2, n), arrows(3, n))
      status = tern_system_pairs(self%own%address, cutoff, atoms, arrows)
    end if
    if (status == TERN_SUCCESS) then
      atoms = atoms + 1
      call move_alloc(atoms, pairs)
      call move_alloc(arrows, vectors)
    end if
    call finish_call(status, stat, errmsg)
  end subroutine system_pairs

  !> Are two structures the same but for an isometry and a relabelling of equal atoms? rotation takes the second onto
  !> the first; permutation(i) is the atom of the second that lies on atom i of the first.
  subroutine system_compare(first, second, same, rmsd, rotation, permutation, options, stat, errmsg)
    class(tern_system), intent(in) :: first
    type(tern_system), intent(in) :: second
    logical, intent(inout) :: same
    real(real64), intent(inout), optional, target :: rmsd
    real(real64), intent(inout), optional :: rotation(3, 3)
    integer(int64), allocatable, intent(inout), optional :: permutation(:)
    type(tern_options), intent(in), optional :: options
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    real(real64), target :: distance, matrix(3, 3)
    integer(int64), allocatable, target :: atoms(:)
    integer(c_int32_t) :: status, flag
    allocate (atoms(first%size()))
    status = tern_compare(first%own%address, second%own%address, address_of(options), flag, c_loc(distance), &
      c_loc(matrix), c_loc(atoms))
    if (status == TERN_SUCCESS) then
      same = flag /= 0
      if (present(rmsd)) rmsd = distance
      if (present(rotation)) rotation = transpose(matrix)
      if (present(permutation)) permutation = atoms + 1
    end if
    call finish_call(status, stat, errmsg)
  end subroutine system_compare
end module ternion_system
