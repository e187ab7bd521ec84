! SPDX-License-Identifier: BSD-3-Clause
!> Handles that free themselves and are shared by assignment, observers that cancel, ghosts, streams, comparison.
module objects_observer
  use, intrinsic :: iso_fortran_env, only: int64, real64
  use ternion
  implicit none

  type, extends(tern_observer) :: counter
    integer :: calls = 0, limit = huge(1)
    character(:), allocatable :: stage
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
  call check_sharing()
  call check_memory()
  call check_ghosts()
  call check_streams()
  call check_compare()
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
    real(real64) :: energy
    real(real64), allocatable :: values(:, :)
    call small(options)
    call descriptor%init('power_spectrum', options)
    call train%system(index, system)
    call descriptor%compute(system, values)
    call model%predict(system, energy)
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
    call second%init([6, 8, 1, 1], reshape([-x(2, 4), x(1, 4), x(3, 4), -x(2, 1), x(1, 1), x(3, 1), -x(2, 3), x(1, 3), x(3, 3), &
      -x(2, 2), x(1, 2), x(3, 2)], [3, 4]))
    call first%compare(second, same, rmsd, rotation, permutation)
    call check(same .and. rmsd < 1e-12_real64 .and. all(permutation == [2, 4, 3, 1]), 'a turned and relabelled copy')
    call close_to(reshape(rotation, [9]), [0d0, -1d0, 0d0, 1d0, 0d0, 0d0, 0d0, 0d0, 1d0], 1e-12_real64, 'the rotation')
    x(1, 4) = 0.5d0
    call second%init([8, 1, 1, 6], x)
    call first%compare(second, same, rmsd)
    call check(.not. same .and. rmsd > 0.01_real64, 'another structure')
  end subroutine check_compare
end program test_objects
