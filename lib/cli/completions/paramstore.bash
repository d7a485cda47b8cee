# Completion of paramstore for bash.

# _paramstore_names <store> <word>: parameters whose names begin so.
_paramstore_names() {
  local name
  while IFS= read -r -d '' name; do
    [[ $name == "$2"* ]] && COMPREPLY+=("$(printf %q "$name")")
  done < <(paramstore ls --null "${1/#\~/$HOME}" 2>/dev/null)
}

_paramstore() {
  local word=$2 verb=${COMP_WORDS[1]} i positional=0 store= takes_value options=
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W 'ls show get diff log scopes watch sql set rm mv cp verify backup compact --help --version' -- "$word"))
    return
  fi
  case $verb in
    ls) options='--long --regex --sort --reverse --null --json' ;;
    show) options='--constrained --json' ;;
    get) options='--json --npy --output' ;;
    diff) options='--tolerance --quiet --json' ;;
    log) options='--count --json' ;;
    scopes) options='--drop --json' ;;
    watch) options='--interval --count --top --json' ;;
    sql) options='--csv --json --write --attach --extension' ;;
    set) options='--from --dtype --shape --constraint --create' ;;
    rm) options='--dry-run --quiet' ;;
    mv | cp) options='--to --as --force' ;;
    verify) options='--quiet --json' ;;
    backup) options='--force --no-scopes' ;;
    compact) options='--quiet' ;;
  esac
  # Which positional argument this is, and what the first was. Bash takes words apart at = and :, options here have none.
  for ((i = 2; i < COMP_CWORD; ++i)); do
    case ${COMP_WORDS[i]} in
      -s | --sort | -o | --output | -t | --tolerance | --to | --count | --interval | -i | --top | --drop | -f | --from | --dtype | \
        --shape | --constraint | --as | -a | --attach)
        [[ $verb == @(mv|cp|backup) && ${COMP_WORDS[i]} == -f ]] || ((++i))
        ;;
      -n) [[ $verb == rm ]] || ((++i)) ;;
      -*) ;;
      *)
        ((positional++)) || store=${COMP_WORDS[i]}
        ;;
    esac
  done
  takes_value=${COMP_WORDS[COMP_CWORD - 1]}
  case $takes_value in
    -s | --sort)
      COMPREPLY=($(compgen -W 'insertion name size revision' -- "$word"))
      return
      ;;
    --dtype)
      COMPREPLY=($(compgen -W 'float16 bfloat16 float32 float64 complex64 complex128' -- "$word"))
      return
      ;;
    -o | --output | --from | --to) COMPREPLY=($(compgen -f -- "$word")) && compopt -o filenames && return ;;
  esac
  if [[ $word == -* ]]; then
    COMPREPLY=($(compgen -W "$options --help" -- "$word"))
  elif ((positional == 0)) || [[ $verb == diff && $positional == 1 ]]; then
    COMPREPLY=($(compgen -f -- "$word"))
    compopt -o filenames 2>/dev/null
  elif [[ $verb == @(ls|show|get|diff|watch|set|rm|mv|cp) && -n $store ]]; then
    _paramstore_names "$store" "$word"
  elif [[ $verb == backup ]]; then
    COMPREPLY=($(compgen -f -- "$word"))
    compopt -o filenames 2>/dev/null
  fi
}

complete -F _paramstore paramstore
