! SPDX-License-Identifier: BSD-3-Clause
!> Ternion for Fortran 2008: `use ternion`. Handles free themselves; assignment shares them; an error stops with its
!> message unless stat= or errmsg= with stat= are given. Indices start at 1, but for the option `centers`, which is text
!> as elsewhere. A matrix that C gives as [a][b] is (b, a) here. Systems, descriptors and models may be used by many
!> threads together, but no handle may be assigned to while another thread uses it.
module ternion
  use ternion_raw, only: TERN_ABI, TERN_RELEASE, TERN_SUCCESS, TERN_ERROR_ARGUMENT, TERN_ERROR_OPTION, &
    TERN_ERROR_FILE, TERN_ERROR_FORMAT, TERN_ERROR_VERSION, TERN_ERROR_MEMORY, TERN_ERROR_DATA, TERN_ERROR_NUMERICAL, &
    TERN_ERROR_BLAS, TERN_CANCELLED, TERN_ERROR_BUFFER, TERN_ERROR_MISSING, TERN_ERROR_INTERNAL, TERN_TARGET_ENERGY, &
    TERN_TARGET_FORCES, TERN_TARGET_VIRIAL
  use ternion_support, only: tern_observer
  use ternion_options, only: tern_options
  use ternion_system, only: tern_system
  use ternion_dataset, only: tern_dataset, tern_reader, tern_writer
  use ternion_descriptor, only: tern_descriptor
  use ternion_model, only: tern_model
  implicit none
  private
  public :: tern_options, tern_system, tern_dataset, tern_reader, tern_writer, tern_descriptor, tern_model, &
    tern_observer
  public :: TERN_ABI, TERN_RELEASE, TERN_SUCCESS, TERN_ERROR_ARGUMENT, TERN_ERROR_OPTION, TERN_ERROR_FILE, &
    TERN_ERROR_FORMAT, TERN_ERROR_VERSION, TERN_ERROR_MEMORY, TERN_ERROR_DATA, TERN_ERROR_NUMERICAL, TERN_ERROR_BLAS, &
    TERN_CANCELLED, TERN_ERROR_BUFFER, TERN_ERROR_MISSING, TERN_ERROR_INTERNAL, TERN_TARGET_ENERGY, &
    TERN_TARGET_FORCES, TERN_TARGET_VIRIAL
end module ternion
