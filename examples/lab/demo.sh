#!/bin/sh
# The main job on the embedded lab: plan, apply, plan again, drift. Ends by itself, leaves nothing running.
lab=.lab
. "$(dirname "$0")/../demo.sh"

say "Seven clusters, a Cisco SSM in the cloud and one On-Prem, all on loopback."
run 0 lab up
run 0 key init
run 0 validate

say "What differs from the YAML, and what would be done about it."
run 0 plan

say "Carry it out. One cluster is refused (software without the CA fix), one needs a person at the proxy page."
run 6 apply --auto-approve

say "Again: nothing to do but the refusal and the waiting hand-off."
run 0 plan

say "Somebody changes a node behind our back."
run 0 lab set osl-core/c2 privacy hostname
run 2 drift -l site=osl

say "Put it right, and look again."
run 0 apply -l site=osl --auto-approve
run 0 drift -l site=osl

if [ "$wrong" -ne 0 ]; then
  printf '\ndemo: an exit code was not as expected\n' >&2
  exit 1
fi
printf '\nThe demo is over; the lab is shut down.\n'
