#!/usr/bin/env bash
# docs/robustness.md: every test that its tables name exists, and every row names one or says "none".
source_dir=${PLUMB_SOURCE_DIR:-$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)}
# shellcheck source=tests/support/script.sh
source "$source_dir/tests/support/script.sh"
cd -- "$source_dir"
page=docs/robustness.md
tests=${PLUMB_BUILD_DIR:-build/release}/plumb_tests

rows=$(sed '/^## Fuzzing/q' $page | grep -E '^\| ' | grep -vE '^\| (case|---) ')
(($(wc -l <<<"$rows") > 50)) || fail "the tables are not where they were"
known=$("$tests" --no-colors --list-test-cases)
while IFS= read -r row; do
  named=$(sed -E 's/.*\|([^|]*)\|$/\1/' <<<"$row")
  [[ $named == " none " ]] && continue
  found=$(grep -oE '`[^`]+`' <<<"$named" | tr -d '`') || fail "no test: $row"
  while IFS= read -r test; do
    if [[ $test == programs/* || $test == tools/* ]]; then
      [[ -f tests/$test ]] || fail "there is no tests/$test"
    else
      grep -qxF -- "$test" <<<"$known" || fail "there is no test case '$test'"
    fi
  done <<<"$found"
done <<<"$rows"
echo "$(wc -l <<<"$rows") rows, all tests are there"
