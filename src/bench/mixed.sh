#!/usr/bin/env bash
# Rolls a fleet of an older revision to this build and back, under load: src/bench/mixed.sh REVISION. Builds the revision in a work
# tree of its own, which goes at the end; changes nothing here but target/.
set -euo pipefail

here=$(cd -P "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
revision=${1:?"which revision? (expected: a commit, tag or branch, for example v0.1.0)"}
other=$(mktemp -d)/tree
trap 'git -C "$here" worktree remove --force "$other"; rmdir "$(dirname "$other")"' EXIT
git -C "$here" worktree add --quiet --detach "$other" "$revision"
(cd "$other" && mvn -q ${MAVEN_FLAGS:-} -DskipTests -Djacoco.skip=true -Dspotless.check.skip=true package)
cd "$here"
mvn -q ${MAVEN_FLAGS:-} verify -Djacoco.skip=true -Dtest=NoSuchTest -Dsurefire.failIfNoSpecifiedTests=false -Dit.test=MixedFleetIT \
  -Dfailsafe.failIfNoSpecifiedTests=false -Dforelog.other="$other" | grep -E 'MEASURED|ERROR|Tests run'
