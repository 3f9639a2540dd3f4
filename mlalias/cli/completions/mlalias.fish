# Completion of mlalias for fish. What mlalias prints is shown, never evaluated.

function __mlalias_complete
    set -l candidates (
        env _MLALIAS_COMPLETE=complete_fish _TYPER_COMPLETE_FISH_ACTION=get-args \
            _TYPER_COMPLETE_ARGS=(commandline --cut-at-cursor --current-process | string collect) mlalias 2>/dev/null
    )
    switch "$candidates[1]"
        case ''
        case '*:files'
            __fish_complete_path (commandline --current-token)
        case '*:directories'
            __fish_complete_directories (commandline --current-token)
        case '*'
            printf '%s\n' $candidates
    end
end

complete --command mlalias --no-files --keep-order --arguments '(__mlalias_complete)'
