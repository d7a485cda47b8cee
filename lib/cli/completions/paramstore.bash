# Completion of paramstore for bash.

# _paramstore_unquoted <word>: sets $unquoted to the word as the command will receive it. Nothing is run or expanded, so a
# $variable stays as it is. The last quote may be open.
_paramstore_unquoted() {
  local rest=$1 part
  unquoted=
  [[ $rest == '~' || $rest == '~/'* ]] && unquoted=$HOME rest=${rest:1}
  while [[ -n $rest ]]; do
    case $rest in
      "\$'"*)
        part=${rest:2} rest=
        [[ $part == *\'* ]] && rest=${part#*\'} part=${part%%\'*}
        printf -v part %b "$part"
        ;;
      \'*)
        part=${rest:1} rest=
        [[ $part == *\'* ]] && rest=${part#*\'} part=${part%%\'*}
        ;;
      \"*)
        part= rest=${rest:1}
        while [[ -n $rest && $rest != \"* ]]; do
          [[ $rest == \\[\\\"\$\`]* ]] && rest=${rest:1}
          part+=${rest:0:1} rest=${rest:1}
        done
        rest=${rest:1}
        ;;
      \\*) part=${rest:1:1} rest=${rest:2} ;;
      *) part=${rest:0:1} rest=${rest:1} ;;
    esac
    unquoted+=$part
  done
}

# _paramstore_files <word>
_paramstore_files() {
  local unquoted
  _paramstore_unquoted "$1"
  mapfile -t COMPREPLY < <(compgen -f -- "$unquoted")
  compopt -o filenames 2>/dev/null  # Bash quotes them
}

# _paramstore_offer <word> <argument>...: what the command offers for these arguments, quoted as the word is.
_paramstore_offer() {
  local word=$1 kind= name
  shift
  {
    IFS= read -r -d '' kind
    while IFS= read -r -d '' name; do
      case $word in
        \'*) [[ $name == *\'* ]] || COMPREPLY+=("$name") ;;
        \"*)
          name=${name//\\/\\\\} name=${name//\"/\\\"} name=${name//\$/\\\$}
          COMPREPLY+=("${name//\`/\\\`}")
          ;;
        *)
          printf -v name %q "$name"
          COMPREPLY+=("$name")
          ;;
      esac
    done
  } < <(paramstore complete "$@" 2>/dev/null)
  [[ $kind != beginnings ]] || compopt -o nospace 2>/dev/null
  ((${#COMPREPLY[@]} > 0))
}

# _paramstore_of_store <names or scopes> <store> <word> <dashes>: its names, or its scopes, that begin so; names that look
# like options if <dashes> says so.
_paramstore_of_store() {
  local unquoted store
  _paramstore_unquoted "$2"
  store=$unquoted
  _paramstore_unquoted "$3"
  _paramstore_offer "$3" ${4:+--dashes} "$1" -- "$store" "$unquoted"
}

# _paramstore_stores <word>: files, and after // the scopes of a store.
_paramstore_stores() {
  local unquoted
  _paramstore_unquoted "$1"
  [[ $unquoted == *//* ]] && _paramstore_offer "$1" stores -- "$unquoted" || _paramstore_files "$1"
}

# _paramstore_value <verb> <option>: sets $value to what follows the option: `file`, `store`, `scope`, words to choose from, `text` if it cannot
# be completed, or nothing.
_paramstore_value() {
  local option=$2
  [[ $option == -[!-]* ]] && option=-${option: -1}  # the last of several in one word
  case "$1 $option" in
    'ls -s' | *' --sort') value='insertion name size revision' ;;
    *' --dtype') value='float16 bfloat16 float32 float64 complex64 complex128' ;;
    'get -o' | *' --output' | 'set -f' | *' --from') value=file ;;
    'mv -t' | 'cp -t' | *' --to') value=store ;;
    *' --drop' | 'sql -a' | *' --attach') value=scope ;;
    'diff -t' | *' --tolerance' | 'log -n' | 'watch -n' | *' --count' | 'watch -i' | *' --interval' | *' --top' | \
      *' --shape' | *' --constraint' | *' --as') value=text ;;
    *) value= ;;
  esac
}

_paramstore() {
  local word=${COMP_WORDS[COMP_CWORD]} verb=${COMP_WORDS[1]} i positional=0 store= value= dashes= options=
  local verbs='ls info show get diff log scopes watch sql set rm mv cp verify backup compact help'
  COMPREPLY=()
  [[ $word == = ]] && word=  # Bash splits words at = and :
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W "$verbs --help --version" -- "$word"))
    return
  fi
  case $verb in
    ls) options='--long --regex --sort --reverse --null --json' ;;
    info) options='--json' ;;
    show) options='--constrained --json' ;;
    get) options='--constrained --text --json --npy --output' ;;
    diff) options='--tolerance --quiet --json' ;;
    log) options='--count --json' ;;
    scopes) options='--drop --dry-run --json' ;;
    watch) options='--interval --count --top --json' ;;
    sql) options='--table --markdown --csv --json --write --attach --extension' ;;
    set) options='--from --dtype --shape --constraint --constrained --create' ;;
    rm) options='--dry-run --quiet' ;;
    mv | cp) options='--to --as --force' ;;
    verify) options='--quiet --json' ;;
    backup) options='--force --no-scopes' ;;
    compact) options='--quiet' ;;
    help) options='' ;;
  esac
  # Finds which positional argument this is, what the first one was, and whether this is an option's value.
  for ((i = 2; i < COMP_CWORD; ++i)); do
    if [[ -n $value ]]; then
      [[ ${COMP_WORDS[i]} == = ]] || value=
    elif [[ -z $dashes && ${COMP_WORDS[i]} == -- ]]; then
      dashes=yes
    elif [[ -z $dashes && ${COMP_WORDS[i]} == -* ]]; then
      _paramstore_value "$verb" "${COMP_WORDS[i]}"
    else
      ((positional++)) || store=${COMP_WORDS[i]}
    fi
  done
  if [[ $value == file ]]; then
    _paramstore_files "$word"
  elif [[ $value == store ]]; then
    _paramstore_stores "$word"
  elif [[ $value == scope ]]; then
    [[ -z $store ]] || _paramstore_of_store scopes "$store" "$word"
  elif [[ -n $value ]]; then
    [[ $value == text ]] || COMPREPLY=($(compgen -W "$value" -- "$word"))
  elif [[ -z $dashes && $word == -* ]]; then
    COMPREPLY=($(compgen -W "$options --help" -- "$word"))
  elif [[ $verb == help ]]; then
    COMPREPLY=($(compgen -W "$verbs" -- "$word"))
  elif ((positional == 0)) || [[ $verb == diff && $positional == 1 || $verb == backup ]]; then
    _paramstore_stores "$word"
  elif [[ $verb == @(ls|show|get|diff|watch|rm|mv|cp) || ($verb == set && $positional == 1) ]]; then
    _paramstore_of_store names "$store" "$word" "$dashes"
  fi
}

complete -F _paramstore paramstore
