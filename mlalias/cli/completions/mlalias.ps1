# Completion of mlalias for PowerShell. What mlalias prints is shown, never evaluated.

Register-ArgumentCompleter -Native -CommandName mlalias -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $Env:_MLALIAS_COMPLETE = 'complete_powershell'
    $Env:_TYPER_COMPLETE_ARGS = $commandAst.ToString()
    $Env:_TYPER_COMPLETE_WORD_TO_COMPLETE = $wordToComplete
    try {
        $candidates = @(mlalias 2> $null)
    }
    finally {
        Remove-Item Env:_MLALIAS_COMPLETE, Env:_TYPER_COMPLETE_ARGS, Env:_TYPER_COMPLETE_WORD_TO_COMPLETE
    }
    if ($candidates -match ':(files|directories):::') { return } # PowerShell completes paths itself
    if (-not $candidates) { return '' } # and without an answer it would, too
    $candidates | ForEach-Object {
        $value, $help = $_ -split ':::', 2
        if (-not $help.Trim()) { $help = $value }
        [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $help)
    }
}
