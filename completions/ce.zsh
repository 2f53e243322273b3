#compdef -P ce-*
# ce.zsh -- completion for zsh (installed as _ce): every program is asked for its
# --options.
# SPDX-License-Identifier: Apache-2.0

_ce() {
	local letter name arg default text action
	local -a specs

	while IFS=$'\t' read -r letter name arg default text; do
		text=${text//(#m)[\\\]\[]/\\$MATCH}
		case ${(L)arg} in
			(-) action= ;;
			(file|path) action=':file:_files' ;;
			(dir) action=':directory:_files -/' ;;
			([a-z0-9-]##(\|[a-z0-9-]##)##) action=":value:(${arg//|/ })" ;;
			(*) action=":${arg//:/\\:}: " ;;
		esac
		if [[ $arg == - ]]; then
			specs+=("*--${name}[$text]")
			[[ $letter == - ]] || specs+=("*-${letter}[$text]")
		else
			specs+=("*--${name}=[$text]$action")
			[[ $letter == - ]] || specs+=("*-${letter}+[$text]$action")
		fi
	done < <(_call_program options ${(q)words[1]} --options 2>/dev/null)
	_arguments -s -S : $specs '*:file:_files'
}

_ce "$@"
