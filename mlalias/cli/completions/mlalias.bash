# Completion of mlalias for bash. What mlalias prints is compared and shown, never evaluated.

_mlalias() {
    local line word=${COMP_WORDS[COMP_CWORD]}
    [[ $word == = ]] && word=
    COMPREPLY=()
    while IFS= read -r line; do
        line=${line%%$'\t'*}
        case $line in
            *:files) compopt -o default 2> /dev/null ;;
            *:directories) compopt -o dirnames 2> /dev/null ;;
            ?*) [[ $line == "$word"* ]] && COMPREPLY+=("$line") ;;
        esac
    done < <(
        _MLALIAS_COMPLETE=complete_fish _TYPER_COMPLETE_FISH_ACTION=get-args \
            _TYPER_COMPLETE_ARGS=${COMP_LINE:0:COMP_POINT} "$1" 2> /dev/null
    )
}

complete -F _mlalias mlalias
