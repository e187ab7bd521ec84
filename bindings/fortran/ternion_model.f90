! SPDX-License-Identifier: BSD-3-Clause
!> Fitted models: energies in eV, forces (3, n) in eV/Angstrom, virials (3, 3) in eV.
module ternion_model
  use, intrinsic :: iso_c_binding
  use, intrinsic :: iso_fortran_env, only: int64, real64
  use ternion_raw
  use ternion_support
  use ternion_options
  use ternion_system
  use ternion_dataset
  implicit none
  private
  public :: tern_model

  type :: tern_model
    type(owned_handle) :: own !< not for users
  contains
    procedure :: fit
    procedure :: save => model_save
    procedure :: load
    procedure :: info
    procedure :: predict
    procedure :: predict_atoms
    procedure :: predict_vectors
    procedure :: target => model_target
    procedure :: predict_tensor
    procedure :: uncertainty
    procedure :: distance_ratios
    procedure, private :: assign => model_assign
    generic :: assignment(=) => assign
    final :: model_final
  end type tern_model

contains

  impure elemental subroutine model_final(self)
    type(tern_model), intent(inout) :: self
    call release(self%own, tern_model_free)
  end subroutine model_final

  subroutine model_assign(self, other)
    class(tern_model), intent(inout) :: self
    class(tern_model), intent(in) :: other
    call share(self%own, other%own, tern_model_free)
  end subroutine model_assign

  !> Fits a model of a kind, such as 'ridge'.
  subroutine fit(self, kind, dataset, options, observer, stat, errmsg)
    class(tern_model), intent(inout) :: self
    character(*), intent(in) :: kind
    type(tern_dataset), intent(in) :: dataset
    type(tern_options), intent(in), optional :: options
    class(tern_observer), intent(inout), optional, target :: observer
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(observer_box), target :: box
    type(c_ptr) :: address
    integer(c_int32_t) :: status
    if (.not. check_abi(stat, errmsg)) return
    address = c_null_ptr
    status = tern_model_fit(address, c_text(kind), dataset%own%address, address_of(options), &
      observer_pointer(observer), observer_context(observer, box))
    if (status == TERN_SUCCESS) call adopt(self%own, address, tern_model_free)
    call finish_call(status, stat, errmsg)
  end subroutine fit

  subroutine model_save(self, path, stat, errmsg)
    class(tern_model), intent(in) :: self
    character(*), intent(in) :: path
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call finish_call(tern_model_save(self%own%address, c_text(path)), stat, errmsg)
  end subroutine model_save

  subroutine load(self, path, stat, errmsg)
    class(tern_model), intent(inout) :: self
    character(*), intent(in) :: path
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_ptr) :: address
    integer(c_int32_t) :: status
    if (.not. check_abi(stat, errmsg)) return
    address = c_null_ptr
    status = tern_model_load(address, c_text(path))
    if (status == TERN_SUCCESS) call adopt(self%own, address, tern_model_free)
    call finish_call(status, stat, errmsg)
  end subroutine load

  !> JSON object: kind, options, species, provenance and the report of the fit.
  subroutine info(self, json, stat, errmsg)
    class(tern_model), intent(in) :: self
    character(:), allocatable, intent(inout) :: json
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    call fetch_text(tern_model_info, self%own, json, stat, errmsg)
  end subroutine info

  !> Energy, and on request forces and virial; the arrays are written in place.
  subroutine predict(self, system, energy, forces, virial, stat, errmsg)
    class(tern_model), intent(in) :: self
    type(tern_system), intent(in) :: system
    real(real64), intent(inout), target :: energy
    real(real64), intent(inout), contiguous, optional, target :: forces(:, :)
    real(real64), intent(inout), optional, target :: virial(3, 3)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    type(c_ptr) :: forces_address, virial_address
    forces_address = c_null_ptr
    virial_address = c_null_ptr
    if (present(forces)) then
      if (any(shape(forces) /= [3, system%size()])) then
        call finish_call(TERN_ERROR_ARGUMENT, stat, errmsg, 'forces must have the shape (3, number of atoms)')
        return
      end if
      forces_address = c_loc(forces)
    end if
    if (present(virial)) virial_address = c_loc(virial)
    call finish_call(tern_model_predict(self%own%address, system%own%address, c_loc(energy), forces_address, &
      virial_address), stat, errmsg)
  end subroutine predict

  !> What the model predicts: 'energy', or the name of vectors or of a tensor; order is that of the tensor, else -1.
  subroutine model_target(self, name, order, stat, errmsg)
    class(tern_model), intent(in) :: self
    character(:), allocatable, intent(inout) :: name
    integer, intent(out), optional :: order
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    integer(c_int32_t) :: number, status
    number = 0
    status = tern_model_target_order(self%own%address, number)
    if (present(order)) order = int(number)
    if (status /= TERN_SUCCESS) then
      call finish_call(status, stat, errmsg)
    else
      call fetch_text(tern_model_target, self%own, name, stat, errmsg)
    end if
  end subroutine model_target

  !> The tensor of a system, 3**order numbers with the last index fastest, from a model that was fitted with a tensor's
  !> name as option target.
  subroutine predict_tensor(self, system, values, stat, errmsg)
    class(tern_model), intent(in) :: self
    type(tern_system), intent(in) :: system
    real(real64), allocatable, intent(inout) :: values(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    real(real64), allocatable :: found(:)
    integer(c_int32_t) :: status, order
    order = 0
    status = tern_model_target_order(self%own%address, order)
    if (status == TERN_SUCCESS) then
      allocate (found(3**order))
      status = tern_model_predict_tensor(self%own%address, system%own%address, found)
    end if
    if (status == TERN_SUCCESS) call move_alloc(found, values)
    call finish_call(status, stat, errmsg)
  end subroutine predict_tensor

  !> Energies (n_owned) and virials (3, 3, n_owned) of the owned atoms; C's [a][b] is (b, a) here.
  subroutine predict_atoms(self, system, energies, virials, stat, errmsg)
    class(tern_model), intent(in) :: self
    type(tern_system), intent(in) :: system
    real(real64), allocatable, intent(inout) :: energies(:)
    real(real64), allocatable, intent(inout), optional :: virials(:, :, :)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    real(real64), allocatable, target :: values(:), tensors(:, :, :)
    type(c_ptr) :: tensors_address
    integer(c_int32_t) :: status
    allocate (values(system%n_owned()))
    tensors_address = c_null_ptr
    if (present(virials)) then
      allocate (tensors(3, 3, system%n_owned()))
      tensors_address = c_loc(tensors)
    end if
    status = tern_model_predict_atoms(self%own%address, system%own%address, c_loc(values), tensors_address)
    if (status == TERN_SUCCESS) then
      call move_alloc(values, energies)
      if (present(virials)) call move_alloc(tensors, virials)
    end if
    call finish_call(status, stat, errmsg)
  end subroutine predict_atoms

  !> Of a model that was fitted with the option target: the vectors (width, n_centers) and, on request, the atoms that
  !> are centres, counted from 1.
  subroutine predict_vectors(self, system, values, centers, stat, errmsg)
    class(tern_model), intent(in) :: self
    type(tern_system), intent(in) :: system
    real(real64), allocatable, intent(inout) :: values(:, :)
    integer(int64), allocatable, intent(inout), optional :: centers(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    real(real64), allocatable, target :: found(:, :)
    integer(int64), allocatable, target :: atoms(:)
    integer(int64), target :: n_centers, width
    integer(c_int32_t) :: status
    status = tern_model_vectors_shape(self%own%address, system%own%address, c_loc(n_centers), c_loc(width))
    if (status == TERN_SUCCESS) then
      allocate (found(width, n_centers), atoms(n_centers))
      status = tern_model_predict_vectors(self%own%address, system%own%address, c_loc(atoms), c_loc(found))
    end if
    if (status == TERN_SUCCESS) then
      call move_alloc(found, values)
      if (present(centers)) centers = atoms + 1
    end if
    call finish_call(status, stat, errmsg)
  end subroutine predict_vectors

  !> Standard deviation of the energy (eV) and, on request, the extrapolation scores (n_owned); above 1 an atom is
  !> outside of what the model was trained on.
  subroutine uncertainty(self, system, deviation, scores, stat, errmsg)
    class(tern_model), intent(in) :: self
    type(tern_system), intent(in) :: system
    real(real64), intent(inout), target :: deviation
    real(real64), allocatable, intent(inout), optional :: scores(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    real(real64), allocatable, target :: values(:)
    type(c_ptr) :: scores_address
    integer(c_int32_t) :: status
    scores_address = c_null_ptr
    if (present(scores)) then
      allocate (values(system%n_owned()))
      scores_address = c_loc(values)
    end if
    status = tern_model_predict_uncertainty(self%own%address, system%own%address, c_loc(deviation), scores_address)
    if (status == TERN_SUCCESS .and. present(scores)) call move_alloc(values, scores)
    call finish_call(status, stat, errmsg)
  end subroutine uncertainty

  !> For each owned atom its distance from a neighbour over the shortest one of these two species in the data that the
  !> model was fitted on, the least of all its neighbours; 1 where all are farther. Below 1 a prediction is a guess.
  subroutine distance_ratios(self, system, ratios, stat, errmsg)
    class(tern_model), intent(in) :: self
    type(tern_system), intent(in) :: system
    real(real64), allocatable, intent(inout) :: ratios(:)
    integer, intent(out), optional :: stat
    character(*), intent(inout), optional :: errmsg
    real(real64), allocatable :: values(:)
    integer(c_int32_t) :: status
    allocate (values(system%n_owned()))
    status = tern_model_distance_ratios(self%own%address, system%own%address, values)
    if (status == TERN_SUCCESS) call move_alloc(values, ratios)
    call finish_call(status, stat, errmsg)
  end subroutine distance_ratios
end module ternion_model
