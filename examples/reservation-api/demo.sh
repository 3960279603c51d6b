#!/bin/sh
# Reservations by API: reserve, change a quantity, move licences, replace a dead node, retire one.
# Ends by itself, leaves nothing running.
lab=.lab
. "$(dirname "$0")/../demo.sh"

edit() { # edit OLD NEW: a change in git, made here with sed
  printf '\n$ sed -i %s clusters/ams-core.yaml\n' "'s/$1/$2/'"
  sed "s/$1/$2/" clusters/ams-core.yaml >clusters/new && mv clusters/new clusters/ams-core.yaml
}

say "A cluster of three nodes in evaluation, and CSSM, on loopback."
run 0 lab up
run 0 key init
run 0 validate

say "Reserve for each node: request code, reservation, authorization code, checked and installed."
run 0 plan
run 0 apply --auto-approve
run 0 plan

say "c1 needs five more. A change of quantity is an update with a confirmation, never a return."
edit '0E4D3C01", reserve: {rms: 10' '0E4D3C01", reserve: {rms: 15'
run 0 plan
run 0 apply --auto-approve

say "Ten of c2's go to c3. The pool has none to spare, so freeing comes first; a decrease needs a word."
edit '0E4D3C02", reserve: {rms: 15' '0E4D3C02", reserve: {rms: 5'
edit '0E4D3C03", reserve: {rms: 10' '0E4D3C03", reserve: {rms: 20'
run 0 plan
run 0 plan --override XL073 --reason "moved to c3"
run 0 apply --auto-approve --override XL073 --reason "moved to c3"

say "c3 dies, and a new machine takes its place. Only the portal moves a dead node's reservation."
run 0 lab set ams-core/c3 rebuilt 0E4D3C33
edit 'serial: "0E4D3C03"' 'serial: "0E4D3C33", replaces: "0E4D3C03"'
run 9 apply --auto-approve
handoff=$(xlicense handoff list | sed -n 's/^ *\(handoff-[0-9a-f]*\)  .*/\1/p')
say "A person does it at the portal: the request code goes in, an authorization code comes back."
run 0 handoff show "$handoff" --codes >sheet.txt
tail -n 1 sheet.txt >request.txt
run 0 lab portal rehost --serial 0E4D3C03 --code-file request.txt >authorization.txt
run 0 handoff answer "$handoff" --file authorization.txt --by "A. Person" --ticket CHG4711
run 0 apply --auto-approve

say "c2 is retired: it returns its reservation, and the return code frees the licences."
run 0 retire cluster/ams-core/node/c2
run 0 apply --auto-approve

say "Both sides are as the YAML says, every licence is accounted for, and no code was used twice."
run 0 plan --detailed-exitcode
run 0 lab status
run 0 codes list --all

if [ "$wrong" -ne 0 ]; then
  printf '\ndemo: an exit code was not as expected\n' >&2
  exit 1
fi
printf '\nThe demo is over; the lab is shut down.\n'
