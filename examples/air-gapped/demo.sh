#!/bin/sh
# Reservations across an air gap: what waits goes out as a bundle, a courier carries it out, answers come back.
# Ends by itself, leaves nothing running.
lab=inside/.lab
. "$(dirname "$0")/../demo.sh"
mkdir outside

say "Inside: two nodes that reach nothing. CSSM is outside."
run 0 lab up --state inside/.lab
cd inside || exit 1
run 0 key init
run 0 validate
run 0 plan

say "The nodes give their request codes; then everything waits for the portal, and the run says so."
run 9 apply --auto-approve
run 9 handoff list
run 0 handoff export -o ../outside/bundle.json
run 0 handoff export --format md -o ../outside/sheet.md

say "Outside, on a machine with internet: the courier carries the bundle out. Twice is once."
cd ../outside || exit 1
XLICENSE_COURIER_CLIENT_ID=$(cat ../inside/.lab/client-id)
XLICENSE_COURIER_CLIENT_SECRET=$(cat ../inside/.lab/client-secret)
export XLICENSE_COURIER_CLIENT_ID XLICENSE_COURIER_CLIENT_SECRET
courier() {
  run 0 courier bundle.json -o "$1" --ca-file ../inside/.lab/ca.pem \
    --base-url https://127.0.0.1:42400/services/api/smart-accounts-and-licensing \
    --token-url https://127.0.0.1:42400/as/token.oauth2
}
courier answers.json
courier again.json

say "Inside again: the answers are recorded, checked, and installed. Importing them twice changes nothing."
cd ../inside || exit 1
run 0 handoff import ../outside/answers.json
run 0 handoff import ../outside/again.json
run 0 apply --auto-approve
run 0 plan --detailed-exitcode
run 0 lab status
run 0 codes list --all

if [ "$wrong" -ne 0 ]; then
  printf '\ndemo: an exit code was not as expected\n' >&2
  exit 1
fi
printf '\nThe demo is over; the lab is shut down.\n'
