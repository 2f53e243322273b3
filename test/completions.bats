#!/usr/bin/env bats
# completions -- in the real shells: bash, zsh, fish.
# The table of ce-sink-stub is made here, so that every kind of option is in it;
# each shell is then asked about a real program too.
# SPDX-License-Identifier: Apache-2.0

load help

setup() {
	mkdir -p stub dir/sub
	: >dir/file.txt
	cat >stub/ce-sink-stub <<'EOF'
#!/bin/sh
[ "$1" = --options ] || exit 64
printf '%s\t%s\t%s\t%s\t%s\n' \
	- ca FILE - 'PEM file of authorities' \
	d data - - 'write only [the] data: nothing else' \
	- done dir - 'where finished files go' \
	e each - - 'write each event' \
	H header "'name: template'" - 'header to add' \
	- sync 'batch|each|none' batch 'when to wait' \
	u url url - 'server to connect to'
EOF
	chmod +x stub/ce-sink-stub
	PATH=$PWD/stub:$PATH
	files=$ROOT/completions
}

# The first program that was built; its --options are the truth.
real() {
	local p

	for p in "$B"/bin/ce-*; do
		[ -x "$p" ] && basename "$p" && return
	done
	skip "no program was built"
}
options() { "$1" --options >table && [ -s table ] && awk -F'\t' '{ print "--" $2 } $1 != "-" { print "-" $1 }' table | sort; }

# What bash offers for the line, one a line; the cursor is at its end.
in_bash() {
	cat >ask.bash <<'EOF'
source "$1" || exit
line=$2
program=${line%% *}
spec=$(complete -p "$program") || exit
[[ $spec == *'-F _ce '* ]] || exit
# As readline splits it: at blanks, and at = which is a word of its own.
COMP_WORDS=()
for w in ${line//=/ = }; do COMP_WORDS+=("$w"); done
[[ $line != *' ' && $line != *= ]] || [[ $line == *= ]] || COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_LINE=$line COMP_POINT=${#line}
_ce
printf '%s\n' "${COMPREPLY[@]}"
EOF
	bash --norc --noprofile ask.bash "$files/ce.bash" "$1" 2>err | grep . | sort
	[ ! -s err ] || { cat err >&2; return 1; }
}

# The same in zsh, with its own completion system on a pseudo-terminal; what
# compadd is given is noted down.
in_zsh() {
	mkdir -p zfunc && cp "$files/ce.zsh" zfunc/_ce
	cat >ask.zsh <<'EOF'
zmodload zsh/zpty || exit
cat >rc.zsh <<'RC'
PS1= PS2=
fpath=($PWD/zfunc $fpath)
autoload -Uz compinit && compinit -u -D
compadd() {
	local -a found
	builtin compadd -O found "$@" 2>/dev/null
	print -rl -- $found >>$PWD/got
	builtin compadd "$@"
}
ask() { compstate[insert]= compstate[list]=; _main_complete; }
finish() { BUFFER=; print done >>$PWD/got; zle accept-line; }
zle -C ask complete-word ask
zle -N finish
bindkey '^T' ask
bindkey '^X' finish
print ready >>$PWD/got
RC
rm -f got; : >got
await() { local end=$((SECONDS + 20)); until grep -qx $1 got; do (( SECONDS < end )) || exit 1; zselect -t 2; done; }
zmodload zsh/zselect
zpty -b z zsh -fi
zpty -w z ' source ./rc.zsh'
await ready
zpty -w -n z "$1"$'\x14\x18'
await done
zpty -d z
grep -vx -e ready -e done -e '' got | sort -u
EOF
	TERM=dumb zsh -f ask.zsh "$1"
}

in_fish() {
	HOME=$PWD XDG_CONFIG_HOME=$PWD/none fish --no-config -c "source '$files/ce.fish'; complete -C '$1'" |
		cut -f1 | sort -u
}

shells_agree() { # LINE WORD...: each shell offers exactly these
	local want

	want=$(printf '%s\n' "${@:2}" | sort)
	diff <(echo "$want") <("in_$SHELL_UNDER_TEST" "$1")
}

everything() {
	shells_agree 'ce-sink-stub --e' --each
	shells_agree 'ce-sink-stub --d' --data --done
	shells_agree 'ce-sink-stub --sync ' batch each none
	shells_agree 'ce-sink-stub --sync e' each
	shells_agree 'ce-sink-stub -d --sync b' batch
}

@test "bash: names, words, files" {
	SHELL_UNDER_TEST=bash
	everything
	shells_agree 'ce-sink-stub -' --ca --data --done --each --header --sync --url -H -d -e -u
	shells_agree 'ce-sink-stub --sync=' batch each none
	shells_agree 'ce-sink-stub --sync=n' none
	shells_agree 'ce-sink-stub --ca dir/' dir/file.txt dir/sub
	shells_agree 'ce-sink-stub --ca=dir/f' dir/file.txt
	shells_agree 'ce-sink-stub --done dir/' dir/sub
	shells_agree 'ce-sink-stub dir/f' dir/file.txt
	shells_agree 'ce-sink-stub -de dir/f' dir/file.txt
	shells_agree 'ce-sink-stub -- dir/f' dir/file.txt
	[ -z "$(in_bash 'ce-sink-stub --url di')" ]
	[ -z "$(in_bash 'ce-sink-stub -du di')" ]
	[ "$(in_bash 'ce-sink-stub -uX di')" = dir ]
	[ "$(in_bash 'ce-sink-stub -- --')" = '' ]
}

@test "bash: a real program" {
	p=$(real)
	options "$p" >want
	diff want <(in_bash "$p -")
}

@test "zsh: names, words, files" {
	need zsh
	SHELL_UNDER_TEST=zsh
	everything
	in_zsh 'ce-sink-stub --sync=' | grep -qx batch
	in_zsh 'ce-sink-stub --ca dir/' | grep -qx file.txt
	in_zsh 'ce-sink-stub --done dir/' >got.dir
	grep -qx sub got.dir
	[ "$(grep -cx file.txt got.dir)" -eq 0 ]
	in_zsh 'ce-sink-stub dir/f' | grep -qx file.txt
	[ "$(in_zsh 'ce-sink-stub --url di' | grep -c dir)" -eq 0 ]
}

@test "zsh: a real program" {
	need zsh
	p=$(real)
	options "$p" >want
	diff <(grep '^--' want) <(in_zsh "$p --" | grep '^--')
}

@test "fish: names, words, files" {
	need fish
	SHELL_UNDER_TEST=fish
	everything
	shells_agree 'ce-sink-stub --sync=' --sync=batch --sync=each --sync=none
	shells_agree 'ce-sink-stub --ca dir/' dir/file.txt dir/sub/
	in_fish 'ce-sink-stub --done dir/' | grep -qx dir/sub/
	shells_agree 'ce-sink-stub dir/f' dir/file.txt
	[ -z "$(in_fish 'ce-sink-stub --url di')" ]
	fish --no-config -c "source '$files/ce.fish'; complete -C 'ce-sink-stub --da'" |
		grep -qx -- "--data	write only \[the\] data: nothing else"
}

@test "fish: loaded under one program's name" {
	need fish
	mkdir -p vendor
	ln -s "$files/ce.fish" vendor/ce-sink-stub.fish
	fish --no-config -c "set fish_complete_path $PWD/vendor; complete -C 'ce-sink-stub --ea'" | grep -q '^--each'
}

@test "fish: a real program" {
	need fish
	p=$(real)
	options "$p" >want
	diff <(grep '^--' want) <(in_fish "$p --" | grep '^--')
}
