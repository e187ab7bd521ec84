#!/bin/sh
# sh tests/bench/run.sh BUILD_DIR [--quick]: builds the benchmark, finds or makes a Python with featomic, runs both on
# one core.
set -eu
build=${1:?usage: sh tests/bench/run.sh BUILD_DIR [--quick]}
shift
here=$(cd "$(dirname "$0")" && pwd)
cmake --build "$build" --target ternion_bench ternion_blocks ternion_matrices ternion_step >/dev/null
program=$(find "$build" -name ternion_bench -type f | head -n 1)

has_featomic() { command -v "$1" >/dev/null && "$1" -c 'import ase, featomic, numpy' 2>/dev/null; }
venv=$build/bench-venv
for candidate in "${TERNION_BENCH_PYTHON:-python3}" "$venv/bin/python"; do
  has_featomic "$candidate" && python=$candidate && break
done
if [ -z "${python:-}" ]; then
  echo "making $venv with featomic and ase" >&2
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet featomic ase numpy
  python=$venv/bin/python
fi
export OPENBLAS_NUM_THREADS=1 RAYON_NUM_THREADS=1 OMP_NUM_THREADS=1
"$(find "$build" -name ternion_matrices -type f | head -n 1)"
"$python" "$here/golden_check.py"
"$python" "$here/compare.py" "$program" "$@"
"$python" "$here/correlations.py" "$program" "$@"
echo "
Correlations up to nu = 3 with all derivatives by ranges of centres: pullback, Jacobian (of some centres), memory"
blocks=$(find "$build" -name ternion_blocks -type f | head -n 1)
"$blocks" correlations 1000 1 cutoff=4 n_max=6 l_max=3 nu_max=3
"$blocks" correlations 10000 4 cutoff=4 n_max=6 l_max=3 nu_max=3
"$blocks" correlations 100000 40 cutoff=4 n_max=6 l_max=3 nu_max=3
"$python" "$here/triplets.py" "$program" "$@"
echo "
Energy and forces of models"
"$python" "$here/models.py" "$program" "$@"
echo "
A step of training beside PyTorch"
step=$(find "$build" -name ternion_step -type f | head -n 1)
if "$python" -c 'import torch' 2>/dev/null; then
  exec "$python" "$here/step.py" "$step" "$here/../data/b8_gfn2_8000.extxyz.gz"
fi
echo "left out: no PyTorch in $python"
