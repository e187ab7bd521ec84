! SPDX-License-Identifier: BSD-3-Clause
!> Handles that free themselves and are shared by assignment, observers that cancel, ghosts, streams, comparison.
module objects_observer
  use, intrinsic :: iso_fortran_env, only: int64, real64
  use ternion
  implicit none

  type, extends(tern_observer) :: counter
    integer :: calls = 0, limit = huge(1)
    character(:), allocatable :: stage, last   !> heard last; at which no is said, whatever the limit
  contains
    procedure :: report
  end type counter

contains

  function report(self, stage, done, total, loss) result(go_on)
    class(counter), intent(inout) :: self
    character(*), intent(in) :: stage
    integer(int64), intent(in) :: done, total
    real(real64), intent(in) :: loss
    logical :: go_on
    self%calls = self%calls + 1
    self%stage = stage
    go_on = self%calls < self%limit .and. done <= max(total, done) .and. loss < huge(loss)
    if (allocated(self%last)) go_on = go_on .and. stage /= self%last
  end function report
end module objects_observer

program test_objects
  use, intrinsic :: iso_fortran_env, only: int64, real64
  use ternion
  use support
  use objects_observer
  implicit none
  type(tern_dataset) :: train
  type(tern_model) :: model

  call train%read(folder() // 'ridge_train.extxyz')
  call check(train%size() == 12 .and. train%count(TERN_TARGET_FORCES) == 12, 'sizes and counts')
  call check_single()
  call check_observer()
  call check_training()
  call check_sharing()
  call check_memory()
  call check_ghosts()
  call check_streams()
  call check_compare()
  call check_ranges()
  call check_sensitivity()
  call check_vectors()
  call finish()

contains

  subroutine small(options)
    type(tern_options), intent(inout) :: options
    call options%set('n_max', 3)
    call options%set('l_max', 2_int64)
    call options%set('cutoff', 3.0)
    call options%set('species', [1, 6])
    call options%set('threads', '1')
  end subroutine small

  !> A default real means the decimal that was written.
  subroutine check_single()
    type(tern_options) :: options
    character(:), allocatable :: value
    call options%set('sigma', 0.3)
    call options%get('sigma', value)
    call check(value == '0.3', 'sigma of a default real is ' // value)
  end subroutine check_single

  subroutine check_observer()
    type(tern_options) :: options
    type(counter) :: patient, impatient
    type(tern_model) :: none
    integer :: stat
    call small(options)
    call model%fit('ridge', train, options, observer=patient)
    call check(patient%calls > 0 .and. len(patient%stage) > 0, 'an observer hears of the work')
    impatient%limit = 1
    call none%fit('ridge', train, options, observer=impatient, stat=stat)
    call check(stat == TERN_CANCELLED .and. impatient%calls == 1, 'an observer cancels')
  end subroutine check_observer

  !> Stopped while it is prepared a training leaves nothing, stopped at its first step a model.
  subroutine check_training()
    character(*), parameter :: kinds(2) = ['network', 'triplet']
    type(tern_options) :: options
    type(tern_system) :: system
    type(counter) :: early, late
    type(tern_model) :: trained, none
    character(:), allocatable :: json
    real(real64) :: energy, virial(3, 3)
    real(real64), allocatable :: forces(:, :)
    integer :: i, stat
    call small(options)
    call options%set('hidden', [4])
    call options%set('epochs', 1000000)
    call train%system(1, system)
    allocate (forces(3, system%size()))
    do i = 1, size(kinds)
      late%last = 'train'
      call trained%fit(kinds(i), train, options, observer=late)
      call trained%info(json)
      call check(late%stage == 'train' .and. index(json, '"stopped": "cancelled"') > 0, kinds(i) // ' is cancelled')
      call trained%predict(system, energy, forces=forces, virial=virial)
      call check(abs(energy) < huge(energy) .and. all(abs(virial) < huge(energy)) .and. &
                 all(abs(sum(forces, 2)) < 1e-9_real64), kinds(i) // ' is a model where it was cancelled')
      early%last = 'inputs'
      call none%fit(kinds(i), train, options, observer=early, stat=stat)
      call check(stat == TERN_CANCELLED .and. early%stage == 'inputs', kinds(i) // ' that was not begun is none')
    end do
  end subroutine check_training

  subroutine check_sharing()
    type(tern_system), allocatable :: first
    type(tern_system) :: second, third
    allocate (first)
    call train%system(1, first)
    second = first
    third = second
    third = third
    deallocate (first)
    call check(second%size() > 0 .and. second%size() == third%size(), 'assignment shares, the last one frees')
  end subroutine check_sharing

  subroutine predict_once(index)
    integer, intent(in) :: index
    type(tern_system) :: system
    type(tern_descriptor) :: descriptor
    type(tern_options) :: options
    real(real64) :: energy, deviation
    real(real64), allocatable :: values(:, :), scores(:)
    call small(options)
    call descriptor%init('power_spectrum', options)
    call train%system(index, system)
    call descriptor%compute(system, values)
    call model%predict(system, energy)
    call model%uncertainty(system, deviation, scores)
    if (deviation < 0 .or. size(scores) /= system%n_owned()) error stop 'uncertainty'
    call model%distance_ratios(system, scores)
    if (size(scores) /= system%n_owned() .or. any(scores < 1)) error stop 'distance ratios'
  end subroutine predict_once

  !> Resident pages of this process.
  function resident() result(pages)
    integer(int64) :: pages, all_pages
    integer :: unit
    open (newunit=unit, file='/proc/self/statm', action='read')
    read (unit, *) all_pages, pages
    close (unit)
  end function resident

  subroutine check_memory()
    integer(int64) :: before
    integer :: i
    do i = 1, 50
      call predict_once(1 + mod(i, 12))
    end do
    before = resident()
    do i = 1, 500
      call predict_once(1 + mod(i, 12))
    end do
    call check(resident() - before < 512, 'hundreds of handles leave no memory behind')
  end subroutine check_memory

  !> Each half of a molecule with the other half as ghosts: energies add up, and so do the forces on owners and ghosts.
  subroutine check_ghosts()
    type(tern_system) :: whole, half
    integer(int64), allocatable :: pairs(:, :), part(:, :)
    integer, allocatable :: species(:), order(:), place(:)
    real(real64), allocatable :: vectors(:, :), forces(:, :), sum_forces(:, :), part_forces(:, :)
    real(real64) :: energy, part_energy, sum_energy
    logical, allocatable :: mine(:)
    integer :: n, first, last, turn, i
    call train%system(1, whole)
    call whole%get(species=species)
    n = size(species)
    call whole%pairs(3.0_real64, pairs, vectors)
    allocate (forces(3, n), sum_forces(3, n), part_forces(3, n), place(n))
    call model%predict(whole, energy, forces=forces)
    sum_energy = 0
    sum_forces = 0
    do turn = 1, 2
      first = merge(1, n / 2 + 1, turn == 1)
      last = merge(n / 2, n, turn == 1)
      order = [(i, i=first, last), (i, i=1, first - 1), (i, i=last + 1, n)]
      place(order) = [(i, i=1, n)]
      mine = pairs(1, :) >= first .and. pairs(1, :) <= last
      part = reshape(int(place(pack(pairs, spread(mine, 1, 2))), int64), [2, count(mine)])
      call half%init_from_pairs(last - first + 1, species(order), part, reshape(pack(vectors, spread(mine, 1, 3)), &
        [3, count(mine)]), 3.0_real64)
      call check(half%size() == n .and. half%n_owned() == last - first + 1, 'owned and ghost atoms')
      call model%predict(half, part_energy, forces=part_forces)
      sum_energy = sum_energy + part_energy
      sum_forces(:, order) = sum_forces(:, order) + part_forces
    end do
    call close_to([sum_energy], [energy], 1e-12_real64, 'energies of two ranks')
    call close_to(reshape(sum_forces, [3 * n]), reshape(forces, [3 * n]), 1e-10_real64, 'forces of two ranks')
  end subroutine check_ghosts

  subroutine check_streams()
    type(tern_reader) :: reader
    type(tern_writer) :: writer
    type(tern_dataset) :: chunk, again
    type(tern_system) :: system
    real(real64) :: energy
    real(real64), allocatable :: forces(:, :), forces_again(:, :)
    integer :: i, n
    call reader%open(folder() // 'ridge_train.extxyz')
    call writer%open('copy.extxyz.gz')
    n = 0
    do
      call reader%next(5, chunk)
      if (chunk%size() == 0) exit
      do i = 1, chunk%size()
        call chunk%system(i, system)
        call chunk%energy(i, energy)
        call chunk%forces(i, forces)
        call writer%append(system, energy, forces)
        n = n + 1
      end do
    end do
    call writer%close()
    call again%read('copy.extxyz.gz')
    call check(n == 12 .and. again%size() == 12, 'a stream through chunks')
    call again%forces(12, forces_again)
    call check(all(abs(forces - forces_again) <= 0), 'forces as they were written')
    call again%subset([2, 1], chunk)
    call check(chunk%size() == 2, 'a subset')
  end subroutine check_streams

  subroutine check_compare()
    type(tern_system) :: first, second
    integer(int64), allocatable :: permutation(:)
    real(real64) :: x(3, 4), rmsd, rotation(3, 3)
    logical :: same
    x = reshape([0d0, 0d0, 0d0, 1d0, 0d0, 0d0, 0d0, 1.3d0, 0d0, 0.2d0, 0.3d0, 1.7d0], [3, 4])
    call first%init([8, 1, 1, 6], x)
    call second%init([6, 8, 1, 1], &
      reshape([-x(2, 4), x(1, 4), x(3, 4), -x(2, 1), x(1, 1), x(3, 1), &
      -x(2, 3), x(1, 3), x(3, 3), -x(2, 2), x(1, 2), x(3, 2)], [3, 4]))
    call first%compare(second, same, rmsd, rotation, permutation)
    call check(same .and. rmsd < 1e-12_real64 .and. all(permutation == [2, 4, 3, 1]), 'a turned and relabelled copy')
    call close_to(reshape(rotation, [9]), [0d0, -1d0, 0d0, 1d0, 0d0, 0d0, 0d0, 0d0, 1d0], 1e-12_real64, 'the rotation')
    x(1, 4) = 0.5d0
    call second%init([8, 1, 1, 6], x)
    call first%compare(second, same, rmsd)
    call check(.not. same .and. rmsd > 0.01_real64, 'another structure')
  end subroutine check_compare

  subroutine check_ranges()
    type(tern_options) :: options
    type(tern_descriptor) :: frames
    type(tern_system) :: system
    real(real64), allocatable :: values(:, :), part(:, :), pushed(:, :), blocks(:, :, :), weights(:), slopes(:), some(:)
    real(real64) :: x(3, 4), gradient(3, 4), sum(3, 4), strain(3, 3), sums(2), step
    integer(int64), allocatable :: names(:, :), indices(:, :)
    integer(int64) :: features, rows, n
    integer :: stat, last, ranges(2, 2), i
    character(500) :: message
    call small(options)
    call options%set('cutoff', 4d0)
    call options%set('tag_cutoff', 3d0)
    call options%set('tag_width', 2d0)
    call frames%init('frames', options)
    x = reshape([0d0, 0d0, 0d0, 1d0, 0d0, 0.2d0, 0d0, 1.3d0, 0d0, 0.2d0, 0.3d0, 1.7d0], [3, 4])
    call system%init([6, 1, 1, 6], x)
    call frames%centers(system, n)
    call frames%compute(system, values)
    call frames%weights(system, weights)
    call check(n == 4 .and. size(weights) == size(values, 2), 'one weight for each row')
    ranges = reshape([1, 1, 2, 4], [2, 2])
    last = 0
    sum = 0
    do i = 1, 2
      call frames%shape(system, features, rows, centers=ranges(:, i))
      call frames%compute(system, part, centers=ranges(:, i))
      call check(all(shape(part) == [int(features), int(rows)]), 'shape of a range')
      call check(all(abs(part - values(:, last + 1:last + size(part, 2))) <= 0), 'values of a range')
      call frames%rows(system, names, centers=ranges(:, i))
      call check(names(2, 1) == ranges(1, i) .and. size(names, 2) == rows, 'names of a range')
      call frames%weights(system, some, centers=ranges(:, i))
      call check(all(abs(some - weights(last + 1:last + size(some))) <= 0), 'weights of a range')
      call frames%pullback(system, part, gradient, strain, centers=ranges(:, i))
      sum = sum + gradient
      call frames%pushforward(system, pushed, direction=x, centers=ranges(:, i))
      call frames%jacobian(system, indices, blocks, centers=ranges(:, i))
      call close_to(reshape(contracted(indices, blocks, x, size(part, 2)), [size(part)]), &
        reshape(pushed, [size(part)]), 1e-12_real64, 'Jacobian of a range')
      last = last + size(part, 2)
    end do
    call frames%pullback(system, values, gradient)
    call close_to(reshape(sum, [12]), reshape(gradient, [12]), 1e-12_real64, 'gradients of ranges add up')
    slopes = [(0.1d0*mod(7*i, 11), i=1, size(weights))]
    call frames%weights_pullback(system, slopes, gradient, strain)
    do i = 1, 2
      step = merge(-1e-5_real64, 1e-5_real64, i == 1)
      x(3, 2) = x(3, 2) + step
      call system%init([6, 1, 1, 6], x)
      x(3, 2) = x(3, 2) - step
      call frames%weights(system, weights)
      sums(i) = dot_product(slopes, weights)
    end do
    call check(abs(gradient(3, 2) - (sums(2) - sums(1))/2e-5_real64) < 1e-7_real64, 'slopes of weights')
    call frames%compute(system, values, stat=stat, errmsg=message, centers=[2, 5])
    call check(stat == TERN_ERROR_ARGUMENT .and. index(message, 'n_centers') > 0, 'a range that is not there')
    call frames%weights_pullback(system, slopes(2:), stat=stat, errmsg=message)
    call check(stat == TERN_ERROR_ARGUMENT .and. index(message, 'slopes') > 0, 'too few slopes')
    call options%set('memory_limit', 1000)
    call frames%init('frames', options)
    call frames%compute(system, values, stat=stat, errmsg=message)
    call check(stat == TERN_ERROR_MEMORY .and. index(message, 'ranges of centres') > 0, &
      'what to do when memory is short')
  end subroutine check_ranges

  function contracted(indices, blocks, direction, n_rows) result(change)
    integer(int64), intent(in) :: indices(:, :)
    real(real64), intent(in) :: blocks(:, :, :), direction(:, :)
    integer, intent(in) :: n_rows
    real(real64) :: change(size(blocks, 1), n_rows)
    integer :: k
    change = 0
    do k = 1, size(blocks, 3)
      change(:, indices(1, k)) = change(:, indices(1, k)) + matmul(blocks(:, :, k), direction(:, indices(2, k)))
    end do
  end function contracted

  subroutine check_vectors()
    type(tern_options) :: options, others
    type(tern_dataset) :: data
    type(tern_model) :: shapes, energies
    type(tern_descriptor) :: learned
    type(tern_system) :: system
    real(real64), allocatable :: values(:, :), again(:, :), x(:, :)
    integer(int64), allocatable :: centers(:)
    character(200) :: message
    real(real64) :: energy
    real(real64), allocatable :: numbers(:)
    integer :: i, stat
    call data%read(folder() // 'ridge_train.extxyz')
    do i = 1, data%size()
      call data%system(i, system)
      call system%get(positions=x)
      call data%set_vectors(i, 'shape', x(1:2, :)**2)
    end do
    call data%set_tensor(1, 'dipole', [1.0_real64, 2.0_real64, 3.0_real64])
    call data%tensor(1, 'dipole', numbers)
    call check(all(numbers == [1.0_real64, 2.0_real64, 3.0_real64]), 'a tensor of a structure')
    call data%set_tensor(1, 'dipole', [1.0_real64, 2.0_real64], stat=stat, errmsg=message)
    call check(stat == TERN_ERROR_ARGUMENT .and. index(message, '3, 9') > 0, 'a tensor of two numbers')
    call data%vectors(3, 'shape', values)
    call data%system(3, system)
    call check(all(shape(values) == [2, system%size()]), 'vectors of a structure')
    call data%vectors(3, 'other', values, stat=stat, errmsg=message)
    call check(stat == TERN_ERROR_MISSING .and. index(message, 'it has shape') > 0, 'vectors of another name')
    call small(options)
    call options%set('target', 'shape')
    call options%set('epochs', 2)
    call options%set('hidden', [4])
    call shapes%fit('triplet', data, options)
    call shapes%predict_vectors(system, values, centers)
    call check(size(values, 1) == 2 .and. all(centers == [(int(i, int64), i=1, system%size())]), 'predicted vectors')
    call learned%from_model(shapes)
    call learned%compute(system, again)
    call check(all(again == values), 'a model as descriptor')
    call shapes%predict(system, energy, stat=stat, errmsg=message)
    call check(stat == TERN_ERROR_MISSING .and. index(message, 'shape') > 0, 'no energies')
    call small(others)
    call energies%fit('ridge', train, others)
    call learned%from_model(energies, stat=stat)
    call check(stat == TERN_ERROR_DATA, 'a model of energies is no descriptor')
  end subroutine check_vectors

  subroutine check_sensitivity()
    type(tern_options) :: options
    type(tern_descriptor) :: power
    type(tern_system) :: flat
    real(real64), allocatable :: singular(:), vectors(:, :, :)
    type(counter) :: observer
    integer :: seen, stat
    call small(options)
    call power%init('power_spectrum', options)
    call flat%init([6, 1, 1, 6], reshape([0d0, 0d0, 0d0, 1d0, 0.1d0, 0d0, 0.2d0, 1.3d0, 0d0, 1.2d0, 1.1d0, 0d0], &
      [3, 4]))
    call power%sensitivity(flat, singular, seen, vectors, observer=observer)
    call check(size(singular) == 6 .and. seen == 5 .and. all(shape(vectors) == [3, 4, 6]), 'blind out of the plane')
    call check(observer%calls > 0 .and. all(abs(vectors(1:2, :, 6)) < 1e-9_real64), 'the blind move')
    call power%sensitivity(flat, singular, seen, center=2)
    call check(size(singular) == 6 .and. seen == 5, 'an environment')
    call power%sensitivity(flat, singular, center=0, stat=stat)
    call check(stat == TERN_ERROR_ARGUMENT, 'centres are numbered from 1')
  end subroutine check_sensitivity
end program test_objects
