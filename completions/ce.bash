# ce.bash -- completion for bash: every program is asked for its --options.
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash

# _ce_argument PROGRAM OPTION: the name of the option's argument, "-" for a
# flag; fails when there is no such option.
_ce_argument() {
	local letter name arg rest

	while IFS=$'\t' read -r letter name arg rest; do
		if [[ $2 == "--$name" || $2 == "-$letter" ]]; then
			printf '%s\n' "$arg"
			return 0
		fi
	done < <("$1" --options 2>/dev/null </dev/null)
	return 1
}

# _ce_wants PROGRAM WORD: the name of the argument that WORD takes from the next
# word; fails when it takes none.  -abu is -a -b -u; in -uX the value is there.
_ce_wants() {
	local arg i

	case $2 in
	-- | - | --*=*) return 1 ;;
	--*) arg=$(_ce_argument "$1" "$2") && [[ $arg != - ]] && printf '%s\n' "$arg" ;;
	-*)
		for ((i = 1; i < ${#2}; i++)); do
			arg=$(_ce_argument "$1" "-${2:i:1}") || return 1
			[[ $arg == - ]] && continue
			((i == ${#2} - 1)) && printf '%s\n' "$arg"
			return
		done
		return 1
		;;
	*) return 1 ;;
	esac
}

# _ce_values ARGUMENT WORD: what may stand there.
_ce_values() {
	case ${1,,} in
	file | path)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$2")
		;;
	dir)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -d -- "$2")
		;;
	*)
		[[ $1 =~ ^[A-Za-z0-9-]+(\|[A-Za-z0-9-]+)+$ ]] &&
			mapfile -t COMPREPLY < <(compgen -W "${1//|/ }" -- "$2")
		;;
	esac
}

_ce_names() { # PROGRAM WORD
	local letter name rest words=()

	while IFS=$'\t' read -r letter name rest; do
		words+=("--$name")
		[[ $letter == - ]] || words+=("-$letter")
	done < <("$1" --options 2>/dev/null </dev/null)
	mapfile -t COMPREPLY < <(compgen -W "${words[*]}" -- "$2")
}

_ce() {
	local program=${COMP_WORDS[0]} word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} arg i

	COMPREPLY=()
	program=${program/#\~\//$HOME/}
	if [[ $word == = ]]; then # bash makes three words of --name=value
		word=
	elif [[ $before == = ]]; then
		before=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	for ((i = 1; i < COMP_CWORD; i++)); do
		if [[ ${COMP_WORDS[i]} == -- ]]; then
			_ce_values file "$word"
			return
		fi
	done
	if ((COMP_CWORD > 1)) && arg=$(_ce_wants "$program" "$before"); then
		_ce_values "$arg" "$word"
	elif [[ $word == -* ]]; then
		_ce_names "$program" "$word"
	else
		_ce_values file "$word"
	fi
}

mapfile -t _ce_programs < <(compgen -c ce- | sort -u)
[[ ${#_ce_programs[@]} -eq 0 ]] || complete -F _ce "${_ce_programs[@]}"
unset _ce_programs
