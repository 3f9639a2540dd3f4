# Completion of mlalias for fish. What mlalias prints is shown, never evaluated.

function __mlalias_complete
    set -l candidates (
        env _MLALIAS_COMPLETE=complete_fish _TYPER_COMPLETE_FISH_ACTION=get-args \
            _TYPER_COMPLETE_ARGS=(commandline --cut-at-cursor --current-process | string collect) mlalias 2>/dev/null
    )
    if set -q candidates[1]
        printf '%s\n' $candidates
    else if string match --quiet --regex '^\S+\s+(apply|import)\s' -- (commandline --cut-at-cursor --current-process)
        __fish_complete_path (commandline --current-token)
    end
end

complete --command mlalias --no-files --arguments '(__mlalias_complete)'
