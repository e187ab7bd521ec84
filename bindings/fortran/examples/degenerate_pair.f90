! SPDX-License-Identifier: BSD-3-Clause
! gfortran degenerate_pair.f90 $(pkg-config --cflags --libs ternion-fortran)
! Two different structures that share every correlation of an atom with up to three neighbours, and what tells them
! apart. Seven of eight boron atoms are common to both; the last lies above the others in one structure and below in the
! other. J. Nigam et al., APL Mach. Learn. 2, 016110 (2024), describe the family.
program degenerate_pair
  use ternion
  use, intrinsic :: iso_fortran_env, only: real64
  implicit none
  real(real64), parameter :: height = 0.7060335853575548d0
  type(tern_options) :: options
  type(tern_descriptor) :: descriptor
  type(tern_system) :: above, below
  real(real64) :: positions(3, 8), blind(2), seen
  real(real64), allocatable :: first(:), second(:)
  integer :: nu

  positions = reshape([0d0, 0d0, 0d0, &
                       1.599296086168019d0, 0d0, height, &
                       0.957339572573d0, 1.281112373689d0, height, &
                       -1.579425610692d0, 0.251321928055d0, height, &
                       -0.510970726388d0, 1.515472496618d0, -height, &
                       -1.519833059821d0, 0.497850822543d0, -height, &
                       0.266472722277d0, -1.576940157240d0, -height, &
                       0d0, 0d0, 1.684341693074819d0], [3, 8])
  call above%init(spread(5, 1, 8), positions)
  positions(3, 8) = -positions(3, 8)
  call below%init(spread(5, 1, 8), positions)

  call options%set('species', 'B')
  call options%set('centers', [0])
  call options%set('cutoff', 2d0)
  call options%set('cutoff_width', 0.1d0)
  call options%set('n_max', 6)
  call options%set('l_max', 3)
  call options%set('sigma', 0.2d0)

  ! Triplets have no order, so a function of each is summed over all of them: here the square, with weights that let a
  ! neighbour leave smoothly. (The plain sum is nu = 3 again.)
  call descriptor%init('frames', options)
  first = summed(above, squares=.true.)
  second = summed(below, squares=.true.)
  seen = difference('triplet frames, squared and summed')
  print '(a, f10.5, f10.5)', 'the feature that differs most: ', first(most()), second(most())
  do nu = 2, 3
    call options%set('nu_min', nu)
    call options%set('nu_max', nu)
    call descriptor%init('correlations', options)
    first = summed(above, squares=.false.)
    second = summed(below, squares=.false.)
    blind(nu - 1) = difference('atom 0 and this many neighbours:'//achar(iachar('0') + nu))
  end do
  if (any(blind > 1d-10) .or. seen < 1d-4) error stop 'the pair is not told apart as it should be'

contains

  function summed(system, squares) result(total)
    type(tern_system), intent(in) :: system
    logical, intent(in) :: squares
    real(real64), allocatable :: total(:), values(:, :), weights(:)
    call descriptor%compute(system, values)
    call descriptor%weights(system, weights)
    if (squares) then
      total = matmul(values**2, weights)
    else
      total = sum(values, dim=2)
    end if
  end function summed

  ! The largest difference of the two feature vectors, relative to the largest feature.
  real(real64) function difference(name)
    character(*), intent(in) :: name
    difference = maxval(abs(first - second))/max(maxval(abs(first)), maxval(abs(second)))
    print '(a36, i6, a, es8.1)', name, size(first), ' features, they differ by', difference
  end function difference

  integer function most()
    most = maxloc(abs(first - second), dim=1)
  end function most
end program degenerate_pair
