# ce.fish -- completion for fish: every program is asked for its --options.
# Loaded under a program's own name (a link) it serves that one, else all.
# SPDX-License-Identifier: Apache-2.0

function __ce_complete --argument-names program
    complete -c $program -e
    command $program --options 2>/dev/null </dev/null | while read -l line
        set -l field (string split \t -- $line)
        test (count $field) -eq 5; or continue
        set -l options -c $program -l $field[2] -d $field[5]
        test $field[1] = -; or set -a options -s $field[1]
        switch (string lower -- $field[3])
            case -
            case file path dir
                set -a options -r -F
            case '*'
                set -a options -x
                if string match -qr '^[A-Za-z0-9-]+(\|[A-Za-z0-9-]+)+$' -- $field[3]
                    set -a options -a (string replace -a '|' ' ' -- $field[3])
                end
        end
        complete $options
    end
end

set -l __ce_programs (string replace -r '\.fish$' '' -- (status basename))
if not string match -q 'ce-*' -- $__ce_programs
    set __ce_programs $PATH/ce-*
    set __ce_programs (string replace -r '.*/' '' -- $__ce_programs | sort -u)
end
for __ce_program in $__ce_programs
    __ce_complete $__ce_program
end
set -e __ce_program
