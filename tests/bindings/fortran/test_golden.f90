! SPDX-License-Identifier: BSD-3-Clause
!> Radial functions, descriptors of every kind, derivatives, ridge fits and stored models of every kind against the
!> golden data.
program test_golden
  use, intrinsic :: iso_fortran_env, only: int64, real64
  use ternion
  use support
  implicit none
  character(200), allocatable :: files(:), kinds(:)
  integer :: i, k

  call golden_text('descriptors.txt', 'files', files)
  call check(size(files) >= 24, 'descriptors.txt lists at least 24 files')
  do i = 1, size(files)
    call golden_text(trim(files(i)), 'kinds', kinds)
    do k = 1, size(kinds)
      call check_values(trim(files(i)), trim(kinds(k)))
    end do
  end do
  call golden_text('descriptors.txt', 'rows', files)
  call check(size(files) >= 12, 'at least 12 files name their rows')
  do i = 1, size(files)
    call golden_text(trim(files(i)), 'kinds', kinds)
    call check_rows(trim(files(i)), trim(kinds(1)))
  end do
  call golden_text('descriptors.txt', 'derivatives', files)
  call check(size(files) >= 7, 'at least 7 files have derivatives')
  do i = 1, size(files)
    call golden_text(trim(files(i)), 'kinds', kinds)
    do k = 1, size(kinds)
      call check_derivatives(trim(files(i)), trim(kinds(k)))
    end do
  end do
  call golden_text('descriptors.txt', 'radial', files)
  call check(size(files) >= 6, 'at least 6 files of radial functions')
  do i = 1, size(files)
    call check_radial(trim(files(i)))
  end do
  call check_ridge('ridge_energies.txt')
  call check_ridge('ridge_forces.txt')
  call check_ridge('ridge_virial.txt')
  call check_tensors('tensor_dipole.txt', 1)
  call check_tensors('tensor_response.txt', 2)
  call golden_text('models.txt', 'files', files)
  call check(size(files) >= 7, 'at least 7 stored models')
  do i = 1, size(files)
    call check_model(trim(files(i)))
  end do
  call finish()

contains

  subroutine open_case(file, kind, descriptor, system)
    character(*), intent(in) :: file, kind
    type(tern_descriptor), intent(inout) :: descriptor
    type(tern_system), intent(inout) :: system
    type(tern_options) :: options
    call golden_options(file, options)
    call descriptor%init(kind, options)
    call golden_system(file, '', system)
  end subroutine open_case

  subroutine check_values(file, kind)
    character(*), intent(in) :: file, kind
    type(tern_descriptor) :: descriptor
    type(tern_system) :: system
    real(real64), allocatable :: expected(:), values(:, :)
    character(:), allocatable :: labels
    call open_case(file, kind, descriptor, system)
    call golden_values(file, kind, expected)
    call descriptor%compute(system, values)
    call close_to(reshape(values, [size(values)]), expected, 1e-8_real64, file // ' ' // kind)
    call descriptor%labels(labels)
    call check(count_of('"parity"', labels) == size(values, 1), file // ' ' // kind // ': a label for each column')
  end subroutine check_values

  pure function count_of(word, text) result(n)
    character(*), intent(in) :: word, text
    integer :: n, i
    n = 0
    do i = 1, len(text) - len(word) + 1
      if (text(i:i + len(word) - 1) == word) n = n + 1
    end do
  end function count_of

  !> Rows are numbered from 1 here, from 0 in the file.
  subroutine check_rows(file, kind)
    character(*), intent(in) :: file, kind
    type(tern_descriptor) :: descriptor
    type(tern_system) :: system
    real(real64), allocatable :: expected(:)
    integer(int64), allocatable :: rows(:, :)
    integer, allocatable :: dims(:)
    call open_case(file, kind, descriptor, system)
    call golden_values(file, 'rows', expected, dims)
    call descriptor%rows(system, rows)
    call check(all(shape(rows) == dims(2:1:-1)), file // ': as many rows, named by as many numbers')
    if (size(rows) == size(expected)) &
      call check(all(reshape(rows, [size(rows)]) - 1 == nint(expected, int64)), file // ': rows')
  end subroutine check_rows

  !> A neighbour along z: the columns m = 0 of its density are R_nl sqrt((2l+1)/4 pi).
  subroutine check_radial(file)
    character(*), intent(in) :: file
    type(tern_options) :: options
    type(tern_descriptor) :: density
    type(tern_system) :: dimer
    real(real64), allocatable :: r(:), expected(:), values(:, :), found(:, :, :)
    integer, allocatable :: dims(:)
    integer :: i, l, n
    call golden_options(file, options)
    call options%set('species', [14])
    call density%init('density', options)
    call golden_values(file, 'r', r)
    call golden_values(file, 'values', expected, dims)
    allocate (found(dims(3), dims(2), dims(1)))
    found = reshape(expected, shape(found))
    do i = 1, size(r)
      if (.not. r(i) > 0) cycle                     ! two atoms at one place are refused
      call dimer%init([14, 14], reshape([0.0_real64, 0.0_real64, 0.0_real64, 0.0_real64, 0.0_real64, r(i)], [3, 2]))
      call density%compute(dimer, values)
      do n = 1, dims(2)
        do l = 0, dims(3) - 1
          found(l + 1, n, i) = values((l * l + l) * dims(2) + n, 1) / sqrt((2 * l + 1) / (4 * acos(-1.0_real64)))
        end do
      end do
    end do
    call close_to(reshape(found, [size(found)]), expected, 3e-9_real64, file // ' radial functions')
  end subroutine check_radial

  !> Jacobian and both products. The file has [row][column][atom][3], hence (3, atom, column, row) here.
  subroutine check_derivatives(file, kind)
    character(*), intent(in) :: file, kind
    type(tern_descriptor) :: descriptor
    type(tern_system) :: system
    real(real64), allocatable :: positions(:, :, :, :), strains(:, :, :, :), flat(:), values(:, :, :), &
      strain(:, :, :, :)
    real(real64), allocatable :: weights(:, :), derivative(:, :), gradient(:, :), dense(:, :, :, :), turned(:, :, :, :)
    real(real64) :: strain_gradient(3, 3), expected(3, 3)
    integer(int64), allocatable :: indices(:, :)
    integer, allocatable :: dims(:)
    integer :: i, j, n
    call open_case(file, kind, descriptor, system)
    call golden_values(file, kind // '_positions', flat, dims)
    positions = reshape(flat, dims(4:1:-1))
    call golden_values(file, kind // '_strain', flat, dims)
    strains = reshape(flat, dims(4:1:-1))
    n = system%size()
    call descriptor%jacobian(system, indices, values, strain)
    allocate (dense, mold=positions)
    dense = 0
    do i = 1, size(indices, 2)
      dense(:, indices(2, i), :, indices(1, i)) = transpose(values(:, :, i))
    end do
    call close_to(reshape(dense, [size(dense)]), reshape(positions, [size(positions)]), 1e-7_real64, &
      file // ' ' // kind // ' Jacobian')
    allocate (weights(size(values, 1), size(strain, 4)), gradient(3, n))
    allocate (turned, mold=strains)
    do j = 1, size(weights, 2)
      do i = 1, size(weights, 1)
        weights(i, j) = sin(real(7 * i + 3 * j, real64))
        turned(:, :, i, j) = strain(i, :, :, j)
      end do
    end do
    call close_to(reshape(turned, [size(turned)]), reshape(strains, [size(strains)]), 1e-7_real64, &
      file // ' ' // kind // ' strain')
    call descriptor%pullback(system, weights, gradient, strain_gradient)
    call close_to(reshape(gradient, [3 * n]), reshape(contract(positions, weights), [3 * n]), 1e-7_real64, &
      file // ' ' // kind // ' pullback')
    expected = contract(strains, weights)
    call close_to(reshape(strain_gradient, [9]), reshape(expected, [9]), 1e-7_real64, file // ' ' // kind // &
      ' strain gradient')
    call descriptor%pushforward(system, derivative, gradient, strain_gradient)
    call check(abs(sum(derivative * weights) - sum(gradient**2) - sum(strain_gradient**2)) &
      <= 1e-9_real64 * sum(gradient**2), file // ' ' // kind // ': pushforward is the adjoint of pullback')
  end subroutine check_derivatives

  pure function contract(jacobian, weights) result(gradient)
    real(real64), intent(in) :: jacobian(:, :, :, :), weights(:, :)
    real(real64) :: gradient(size(jacobian, 1), size(jacobian, 2))
    integer :: i, j
    gradient = 0
    do j = 1, size(weights, 2)
      do i = 1, size(weights, 1)
        gradient = gradient + weights(i, j) * jacobian(:, :, i, j)
      end do
    end do
  end function contract

  subroutine check_ridge(file)
    character(*), intent(in) :: file
    type(tern_dataset) :: train
    type(tern_options) :: options
    type(tern_model) :: model, stored
    character(200), allocatable :: path(:)
    call golden_text(file, 'train', path)
    call golden_options(file, options)
    call train%read(folder() // trim(path(1)), options)
    call model%fit('ridge', train, options)
    call model%save('golden.tern')
    call stored%load('golden.tern')
    call check_prediction(model, file, 'test1_')
    call check_prediction(stored, file, 'test2_')
  end subroutine check_ridge

  subroutine check_tensors(file, order)
    character(*), intent(in) :: file
    integer, intent(in) :: order
    type(tern_dataset) :: train
    type(tern_options) :: options
    type(tern_model) :: model, stored
    type(tern_system) :: system
    character(200), allocatable :: path(:)
    character(:), allocatable :: name
    real(real64), allocatable :: values(:), expected(:)
    integer :: found
    call golden_text(file, 'train', path)
    call golden_options(file, options)
    call train%read(folder() // trim(path(1)), options)
    call model%fit('ridge', train, options)
    call model%save('golden.tern')
    call stored%load('golden.tern')
    call stored%target(name, found)
    call check(found == order .and. file == 'tensor_' // name // '.txt', file // ' target')
    call golden_system(file, 'test1_', system)
    call golden_values(file, 'test1_tensor', expected)
    call model%predict_tensor(system, values)
    call close_to(values, expected, 1e-6_real64, file // ' tensor')
    call golden_system(file, 'test2_', system)
    call golden_values(file, 'test2_tensor', expected)
    call stored%predict_tensor(system, values)
    call close_to(values, expected, 1e-6_real64, file // ' tensor of the stored model')
  end subroutine check_tensors

  subroutine check_model(file)
    character(*), intent(in) :: file
    type(tern_model) :: model
    character(200), allocatable :: path(:)
    call golden_text(file, 'model', path)
    call model%load(folder() // trim(path(1)))
    call check_prediction(model, file, 'test1_')
    call check_prediction(model, file, 'test2_')
    call check_prediction(model, file, 'test3_')
  end subroutine check_model

  subroutine check_prediction(model, file, prefix)
    type(tern_model), intent(in) :: model
    character(*), intent(in) :: file, prefix
    type(tern_system) :: system
    real(real64) :: energy, virial(3, 3)
    real(real64), allocatable :: forces(:, :), energies(:), virials(:, :, :), expected(:)
    call golden_system(file, prefix, system)
    allocate (forces(3, system%size()))
    call model%predict(system, energy, forces=forces, virial=virial)
    call model%predict_atoms(system, energies, virials)
    call golden_values(file, prefix // 'energy', expected)
    call close_to([energy], expected, 1e-6_real64, file // ' energy')
    call golden_values(file, prefix // 'forces', expected)
    call close_to(reshape(forces, [size(forces)]), expected, 1e-6_real64, file // ' forces')
    call golden_values(file, prefix // 'virial', expected)
    call close_to(reshape(virial, [9]), expected, 1e-6_real64, file // ' virial')
    call golden_values(file, prefix // 'atom_energies', expected)
    call close_to(energies, expected, 1e-6_real64, file // ' energies of the atoms')
    call golden_values(file, prefix // 'atom_virials', expected)
    call close_to(reshape(virials, [size(virials)]), expected, 1e-6_real64, file // ' virials of the atoms')
  end subroutine check_prediction
end program test_golden
