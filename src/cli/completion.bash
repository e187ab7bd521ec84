# Completion of `ternion` for bash; kinds and option keys are asked of the program itself.
_ternion_names() {
  ternion options ${1:-} 2>/dev/null | sed '1d;/^$/q' | cut -d ' ' -f 1
}

_ternion() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} known
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "demo describe fit plot predict sensitivity options info --help --version" -- "$word"))
    return
  fi
  case $before in
    --descriptor | --model | options) COMPREPLY=($(compgen -W "$(_ternion_names)" -- "$word")) ;;
    --settings) COMPREPLY=($(compgen -W "b8 metal molecule tensor" -f -- "$word")) ;;
    plot) COMPREPLY=($(compgen -W "parity pairs training" -- "$word")) ;;
    --set)
      known=$(ternion options --json 2>/dev/null | sed 's/.*"name": "\([^"]*\)".*/\1/')
      COMPREPLY=($(compgen -S = -W "$known" -- "$word")) ;;
    *)
      case $word in
        -*)
          known=$(ternion "${COMP_WORDS[1]}" --help 2>/dev/null | grep -o -- '--[a-z-]*')
          COMPREPLY=($(compgen -W "$known" -- "$word")) ;;
        *) COMPREPLY=($(compgen -f -- "$word")) ;;
      esac
      ;;
  esac
}
complete -o filenames -F _ternion ternion
