#!/bin/sh
# What a CI job does: seed a catalog from one file, check it, move an alias, take it back, and assert.
set -eu

MLALIAS_CATALOG=$(mktemp -d)
export MLALIAS_CATALOG
trap 'rm -rf "$MLALIAS_CATALOG"' EXIT

cat > seed.toml <<'TOML'
[aliases]
delay = "delay-2025"

[models.delay-2025]
model_type = "tree_ensemble"
input.field_names = ["Carrier", "Dest", "Origin"]
inference_config.regression = {}

[models.delay-2026]
model_type = "tree_ensemble"
input.field_names = ["Carrier", "Dest", "Origin", "Hour"]
inference_config.regression = {}
TOML

! mlalias apply seed.toml --check > /dev/null 2>&1
mlalias apply seed.toml
mlalias apply seed.toml --check

mlalias put delay-2026 delay --if-current delay-2025 --message "retrained"
test "$(mlalias resolve delay)" = delay-2026

if mlalias put delay-2026 delay --if-current delay-2025 --quiet 2> /dev/null; then exit 1; fi
if mlalias apply seed.toml --check > /dev/null; then exit 1; fi

mlalias rollback delay
test "$(mlalias resolve delay)" = delay-2025
mlalias verify
echo all is well
