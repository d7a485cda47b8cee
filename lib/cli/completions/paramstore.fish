# Completion of paramstore for fish.

set -l verbs ls info show get diff log scopes watch sql set rm mv cp verify backup compact help

# Prints the words after the verb that are neither options nor their values, each followed by a NUL.
function __paramstore_arguments
    set -l words (commandline -opc)
    set -l takes_value --sort --output --tolerance --to --count --interval --top --drop --from --dtype --shape --constraint --as --attach
    switch "$words[2]"
        case ls
            set -a takes_value -s
        case get
            set -a takes_value -o
        case diff mv cp
            set -a takes_value -t
        case log
            set -a takes_value -n
        case watch
            set -a takes_value -n -i
        case sql
            set -a takes_value -a
        case set
            set -a takes_value -f
    end
    set -l is_value no
    set -l dashes no
    for word in $words[3..]
        if test $is_value = yes
            set is_value no
        else if test $dashes = no; and string match -q -r -- '^-' $word
            test "$word" = --; and set dashes yes
            # If one word holds several options, the last may take a value.
            contains -- (string replace -r -- '^-[^-]*([^-])$' '-$1' $word) $takes_value; and set is_value yes
        else
            printf '%s\0' $word
        end
    end
end

# Prints what is typed of this word, as the command will get it. The last quote may be open.
function __paramstore_typed
    set -l word (commandline -ct)
    string unescape -- $word 2>/dev/null; or string replace -r -- '^[\'"]' '' $word
end

# Prints what the command offers for these arguments. Omits words with a tab, which fish treats as the end of a completion.
function __paramstore_offer
    set -l offered (paramstore complete $argv 2>/dev/null | string split0)
    set -l words
    for word in $offered[2..]
        string match -q -- "*"\t"*" $word; or set -a words $word
    end
    test (count $words) -gt 0; and printf '%s\0' $words | string split0
end

# Prints the store on the command line.
function __paramstore_store
    set -l words (__paramstore_arguments | string split0)
    string replace -r '^~(?=/|$)' $HOME -- $words[1]
end

# Prints its parameters. Omits names that look like options, unless after --.
function __paramstore_names
    set -l dashes
    contains -- -- (commandline -opc); and set dashes --dashes
    __paramstore_offer $dashes names -- (__paramstore_store) (__paramstore_typed)
end

function __paramstore_scopes
    __paramstore_offer scopes -- (__paramstore_store) (__paramstore_typed)
end

# Whether the next argument is the name of a parameter.
function __paramstore_wants_name
    set -l words (commandline -opc)
    set -l given (__paramstore_arguments | string split0 | count)
    switch "$words[2]"
        case set
            test $given -eq 1
        case diff
            test $given -ge 2
        case ls show get watch rm mv cp
            test $given -ge 1
        case '*'
            false
    end
end

complete -c paramstore -s h -l help -d 'Explain'
complete -c paramstore -n "not __fish_seen_subcommand_from $verbs" -l version -d 'Print the version'
complete -c paramstore -f -n "not __fish_seen_subcommand_from $verbs" -a ls -d 'List the parameters'
complete -c paramstore -f -n "not __fish_seen_subcommand_from $verbs" -a info -d 'Summarize a store'
complete -c paramstore -f -n "not __fish_seen_subcommand_from $verbs" -a show -d 'Show everything about a parameter'
complete -c paramstore -f -n "not __fish_seen_subcommand_from $verbs" -a get -d 'Write a value as text, JSON or .npy'
complete -c paramstore -f -n "not __fish_seen_subcommand_from $verbs" -a diff -d 'Compare two stores'
complete -c paramstore -f -n "not __fish_seen_subcommand_from $verbs" -a log -d 'List the commits'
complete -c paramstore -f -n "not __fish_seen_subcommand_from $verbs" -a scopes -d 'List the scopes, or drop one'
complete -c paramstore -f -n "not __fish_seen_subcommand_from $verbs" -a watch -d 'Follow a running program'
complete -c paramstore -f -n "not __fish_seen_subcommand_from $verbs" -a sql -d 'Query or change a store in SQL'
complete -c paramstore -f -n "not __fish_seen_subcommand_from $verbs" -a set -d 'Give a parameter a new value'
complete -c paramstore -f -n "not __fish_seen_subcommand_from $verbs" -a rm -d 'Remove parameters'
complete -c paramstore -f -n "not __fish_seen_subcommand_from $verbs" -a mv -d 'Rename or move parameters'
complete -c paramstore -f -n "not __fish_seen_subcommand_from $verbs" -a cp -d 'Copy parameters'
complete -c paramstore -f -n "not __fish_seen_subcommand_from $verbs" -a verify -d 'Read everything and report any damage'
complete -c paramstore -f -n "not __fish_seen_subcommand_from $verbs" -a backup -d 'Copy a store, even while others write to it'
complete -c paramstore -f -n "not __fish_seen_subcommand_from $verbs" -a compact -d 'Return the space of erased values'
complete -c paramstore -f -n "not __fish_seen_subcommand_from $verbs" -a help -d 'Explain a verb'

complete -c paramstore -f -n '__fish_seen_subcommand_from help' -a "$verbs"
complete -c paramstore -n 'string match -q -- "*//*" (__paramstore_typed)' -a '(__paramstore_offer stores -- (__paramstore_typed))'
complete -c paramstore -f -n __paramstore_wants_name -a '(__paramstore_names)'

complete -c paramstore -n "__fish_seen_subcommand_from ls" -s l -l long -d 'Show constraint, dtype, shape, bytes and revision'
complete -c paramstore -n "__fish_seen_subcommand_from ls" -s e -l regex -d 'Treat patterns as regular expressions'
complete -c paramstore -n "__fish_seen_subcommand_from ls" -s s -l sort -x -a 'insertion name size revision' -d 'Sort by this'
complete -c paramstore -n "__fish_seen_subcommand_from ls" -s r -l reverse -d 'Reverse the order'
complete -c paramstore -n "__fish_seen_subcommand_from ls" -s z -l null -d 'Print unquoted names, each followed by a NUL'
complete -c paramstore -n "__fish_seen_subcommand_from ls info show get diff log scopes watch sql verify" -l json -d 'Print JSON'
complete -c paramstore -n "__fish_seen_subcommand_from show" -s c -l constrained -d 'Show the value as programs see it'
complete -c paramstore -n "__fish_seen_subcommand_from get" -s c -l constrained -d 'Write the value as programs see it'
complete -c paramstore -n "__fish_seen_subcommand_from get" -l text -d 'Write text'
complete -c paramstore -n "__fish_seen_subcommand_from get" -l npy -d 'Write the .npy format'
complete -c paramstore -n "__fish_seen_subcommand_from get" -s o -l output -r -d 'Write to this file'
complete -c paramstore -n "__fish_seen_subcommand_from diff" -s t -l tolerance -x -d 'Treat elements this close as equal'
complete -c paramstore -n "__fish_seen_subcommand_from diff verify" -s q -l quiet -d 'Print nothing; only set the exit status'
complete -c paramstore -n "__fish_seen_subcommand_from rm compact" -s q -l quiet -d 'Do not print what was done'
complete -c paramstore -n "__fish_seen_subcommand_from log" -s n -l count -x -d 'List at most this many'
complete -c paramstore -n "__fish_seen_subcommand_from watch" -s n -l count -x -d 'End after this many reports'
complete -c paramstore -n "__fish_seen_subcommand_from watch" -s i -l interval -x -d 'Check this often'
complete -c paramstore -n "__fish_seen_subcommand_from watch" -l top -x -d 'List this many parameters'
complete -c paramstore -n "__fish_seen_subcommand_from scopes" -l drop -x -a '(__paramstore_scopes)' -d 'Delete this scope'
complete -c paramstore -n "__fish_seen_subcommand_from sql" -l table -d 'Print a table'
complete -c paramstore -n "__fish_seen_subcommand_from sql" -l markdown -d 'Print a Markdown table'
complete -c paramstore -n "__fish_seen_subcommand_from sql" -l csv -d 'Print comma-separated values'
complete -c paramstore -n "__fish_seen_subcommand_from sql" -l write -d 'Allow changes'
complete -c paramstore -n "__fish_seen_subcommand_from sql" -s a -l attach -x -a '(__paramstore_scopes)' -d 'Attach a scope'
complete -c paramstore -n "__fish_seen_subcommand_from sql" -l extension -d 'Load the extension'
complete -c paramstore -n "__fish_seen_subcommand_from set" -s c -l constrained -d 'Take the value as programs see it'
complete -c paramstore -n "__fish_seen_subcommand_from set" -s f -l from -r -d 'Read the value from a file'
complete -c paramstore -n "__fish_seen_subcommand_from set" -l dtype -x -a 'float16 bfloat16 float32 float64 complex64 complex128' -d 'Store it as this dtype'
complete -c paramstore -n "__fish_seen_subcommand_from set" -l shape -x -d 'Store it in this shape'
complete -c paramstore -n "__fish_seen_subcommand_from set" -l constraint -x -d 'Change the tag'
complete -c paramstore -n "__fish_seen_subcommand_from set" -l create -d 'Create it if it does not exist'
complete -c paramstore -n "__fish_seen_subcommand_from rm scopes" -s n -l dry-run -d 'Only print what would be removed'
complete -c paramstore -n "__fish_seen_subcommand_from mv cp" -s t -l to -r -d 'The other store'
complete -c paramstore -n "__fish_seen_subcommand_from mv cp" -l as -x -d 'The new name'
complete -c paramstore -n "__fish_seen_subcommand_from mv cp backup" -s f -l force -d 'Replace what already exists'
complete -c paramstore -n "__fish_seen_subcommand_from backup" -l no-scopes -d 'Do not copy the scopes'
