# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_midwatch_global_optspecs
    string join \n config= env= as= theme= ascii plain h/help V/version
end

function __fish_midwatch_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_midwatch_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_midwatch_using_subcommand
    set -l cmd (__fish_midwatch_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c midwatch -n "__fish_midwatch_needs_command" -l config -d 'Reads this configuration instead of your own' -r -F
complete -c midwatch -n "__fish_midwatch_needs_command" -l env -d 'Shows this environment at the start' -r
complete -c midwatch -n "__fish_midwatch_needs_command" -l as -d 'Who is at the keys' -r
complete -c midwatch -n "__fish_midwatch_needs_command" -l theme -d 'The theme' -r
complete -c midwatch -n "__fish_midwatch_needs_command" -l ascii -d 'Draws ASCII only'
complete -c midwatch -n "__fish_midwatch_needs_command" -l plain -d 'Tells everything in lines and repaints nothing: for screen readers, dumb terminals and pipes'
complete -c midwatch -n "__fish_midwatch_needs_command" -s h -l help -d 'Print help'
complete -c midwatch -n "__fish_midwatch_needs_command" -s V -l version -d 'Print version'
complete -c midwatch -n "__fish_midwatch_needs_command" -f -a "demo" -d 'Plays a built-in outage: no network, no configuration, no files left behind'
complete -c midwatch -n "__fish_midwatch_needs_command" -f -a "replay" -d 'Plays a recording'
complete -c midwatch -n "__fish_midwatch_needs_command" -f -a "drill" -d 'Plays an outage as an exercise: nothing in it is real, and a score comes at the end'
complete -c midwatch -n "__fish_midwatch_needs_command" -f -a "record" -d 'Runs the console and records what it sees to a new file'
complete -c midwatch -n "__fish_midwatch_needs_command" -f -a "collect" -d 'Looks without a screen and keeps what happens, so that the next console begins with it'
complete -c midwatch -n "__fish_midwatch_needs_command" -f -a "check" -d 'Tells whether the configuration is right and every source works, and what to do next'
complete -c midwatch -n "__fish_midwatch_needs_command" -f -a "goto" -d 'Runs the console and opens this alert or run as soon as it is seen'
complete -c midwatch -n "__fish_midwatch_needs_command" -f -a "open" -d 'Runs the console on files alone'
complete -c midwatch -n "__fish_midwatch_needs_command" -f -a "status" -d 'Asks every source once and tells what fires, what runs and what cannot be seen'
complete -c midwatch -n "__fish_midwatch_needs_command" -f -a "init" -d 'Writes a commented configuration from what this machine has; never over another'
complete -c midwatch -n "__fish_midwatch_needs_command" -f -a "add" -d 'Finds out what answers at an address, and writes a source for it to your configuration'
complete -c midwatch -n "__fish_midwatch_needs_command" -f -a "services" -d 'Services: what belongs together under one name'
complete -c midwatch -n "__fish_midwatch_needs_command" -f -a "logs" -d 'The log engine on files, pipes and sources, for scripts'
complete -c midwatch -n "__fish_midwatch_needs_command" -f -a "notes" -d 'What was written down: incidents, their timelines and the shift\'s notes'
complete -c midwatch -n "__fish_midwatch_needs_command" -f -a "handoff" -d 'Writes what the next person on call has to know'
complete -c midwatch -n "__fish_midwatch_needs_command" -f -a "generate" -d 'Prints a document that is made from the program itself'
complete -c midwatch -n "__fish_midwatch_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c midwatch -n "__fish_midwatch_using_subcommand demo" -l seed -d 'Another seed has other ids and lines in the same story' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand demo" -l speed -d 'So many times as fast as it happened' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand demo" -l at -d 'Where to begin: a time of day (UTC) such as 03:12, or a length such as 12m' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand demo" -l config -d 'Reads this configuration instead of your own' -r -F
complete -c midwatch -n "__fish_midwatch_using_subcommand demo" -l env -d 'Shows this environment at the start' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand demo" -l as -d 'Who is at the keys' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand demo" -l theme -d 'The theme' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand demo" -l ascii -d 'Draws ASCII only'
complete -c midwatch -n "__fish_midwatch_using_subcommand demo" -l plain -d 'Tells everything in lines and repaints nothing: for screen readers, dumb terminals and pipes'
complete -c midwatch -n "__fish_midwatch_using_subcommand demo" -s h -l help -d 'Print help'
complete -c midwatch -n "__fish_midwatch_using_subcommand demo" -s V -l version -d 'Print version'
complete -c midwatch -n "__fish_midwatch_using_subcommand replay" -l speed -d 'So many times as fast as it happened' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand replay" -l at -d 'Where to begin: a time of day (UTC) such as 03:12, or a length such as 12m' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand replay" -l config -d 'Reads this configuration instead of your own' -r -F
complete -c midwatch -n "__fish_midwatch_using_subcommand replay" -l env -d 'Shows this environment at the start' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand replay" -l as -d 'Who is at the keys' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand replay" -l theme -d 'The theme' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand replay" -l ascii -d 'Draws ASCII only'
complete -c midwatch -n "__fish_midwatch_using_subcommand replay" -l plain -d 'Tells everything in lines and repaints nothing: for screen readers, dumb terminals and pipes'
complete -c midwatch -n "__fish_midwatch_using_subcommand replay" -s h -l help -d 'Print help'
complete -c midwatch -n "__fish_midwatch_using_subcommand replay" -s V -l version -d 'Print version'
complete -c midwatch -n "__fish_midwatch_using_subcommand drill" -l speed -d 'So many times as fast as it happened' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand drill" -l config -d 'Reads this configuration instead of your own' -r -F
complete -c midwatch -n "__fish_midwatch_using_subcommand drill" -l env -d 'Shows this environment at the start' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand drill" -l as -d 'Who is at the keys' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand drill" -l theme -d 'The theme' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand drill" -l ascii -d 'Draws ASCII only'
complete -c midwatch -n "__fish_midwatch_using_subcommand drill" -l plain -d 'Tells everything in lines and repaints nothing: for screen readers, dumb terminals and pipes'
complete -c midwatch -n "__fish_midwatch_using_subcommand drill" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c midwatch -n "__fish_midwatch_using_subcommand drill" -s V -l version -d 'Print version'
complete -c midwatch -n "__fish_midwatch_using_subcommand record" -l config -d 'Reads this configuration instead of your own' -r -F
complete -c midwatch -n "__fish_midwatch_using_subcommand record" -l env -d 'Shows this environment at the start' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand record" -l as -d 'Who is at the keys' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand record" -l theme -d 'The theme' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand record" -l ascii -d 'Draws ASCII only'
complete -c midwatch -n "__fish_midwatch_using_subcommand record" -l plain -d 'Tells everything in lines and repaints nothing: for screen readers, dumb terminals and pipes'
complete -c midwatch -n "__fish_midwatch_using_subcommand record" -s h -l help -d 'Print help'
complete -c midwatch -n "__fish_midwatch_using_subcommand record" -s V -l version -d 'Print version'
complete -c midwatch -n "__fish_midwatch_using_subcommand collect" -l config -d 'Reads this configuration instead of your own' -r -F
complete -c midwatch -n "__fish_midwatch_using_subcommand collect" -l env -d 'Shows this environment at the start' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand collect" -l as -d 'Who is at the keys' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand collect" -l theme -d 'The theme' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand collect" -l ascii -d 'Draws ASCII only'
complete -c midwatch -n "__fish_midwatch_using_subcommand collect" -l plain -d 'Tells everything in lines and repaints nothing: for screen readers, dumb terminals and pipes'
complete -c midwatch -n "__fish_midwatch_using_subcommand collect" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c midwatch -n "__fish_midwatch_using_subcommand collect" -s V -l version -d 'Print version'
complete -c midwatch -n "__fish_midwatch_using_subcommand check" -s o -l output -d 'How the answer is written' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c midwatch -n "__fish_midwatch_using_subcommand check" -l config -d 'Reads this configuration instead of your own' -r -F
complete -c midwatch -n "__fish_midwatch_using_subcommand check" -l env -d 'Shows this environment at the start' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand check" -l as -d 'Who is at the keys' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand check" -l theme -d 'The theme' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand check" -l ascii -d 'Draws ASCII only'
complete -c midwatch -n "__fish_midwatch_using_subcommand check" -l plain -d 'Tells everything in lines and repaints nothing: for screen readers, dumb terminals and pipes'
complete -c midwatch -n "__fish_midwatch_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c midwatch -n "__fish_midwatch_using_subcommand check" -s V -l version -d 'Print version'
complete -c midwatch -n "__fish_midwatch_using_subcommand goto" -l config -d 'Reads this configuration instead of your own' -r -F
complete -c midwatch -n "__fish_midwatch_using_subcommand goto" -l env -d 'Shows this environment at the start' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand goto" -l as -d 'Who is at the keys' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand goto" -l theme -d 'The theme' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand goto" -l ascii -d 'Draws ASCII only'
complete -c midwatch -n "__fish_midwatch_using_subcommand goto" -l plain -d 'Tells everything in lines and repaints nothing: for screen readers, dumb terminals and pipes'
complete -c midwatch -n "__fish_midwatch_using_subcommand goto" -s h -l help -d 'Print help'
complete -c midwatch -n "__fish_midwatch_using_subcommand goto" -s V -l version -d 'Print version'
complete -c midwatch -n "__fish_midwatch_using_subcommand open" -l config -d 'Reads this configuration instead of your own' -r -F
complete -c midwatch -n "__fish_midwatch_using_subcommand open" -l env -d 'Shows this environment at the start' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand open" -l as -d 'Who is at the keys' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand open" -l theme -d 'The theme' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand open" -l ascii -d 'Draws ASCII only'
complete -c midwatch -n "__fish_midwatch_using_subcommand open" -l plain -d 'Tells everything in lines and repaints nothing: for screen readers, dumb terminals and pipes'
complete -c midwatch -n "__fish_midwatch_using_subcommand open" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c midwatch -n "__fish_midwatch_using_subcommand open" -s V -l version -d 'Print version'
complete -c midwatch -n "__fish_midwatch_using_subcommand status" -s o -l output -d 'How the answer is written' -r -f -a "table\t'For people'
json\t'For programs'"
complete -c midwatch -n "__fish_midwatch_using_subcommand status" -l config -d 'Reads this configuration instead of your own' -r -F
complete -c midwatch -n "__fish_midwatch_using_subcommand status" -l env -d 'Shows this environment at the start' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand status" -l as -d 'Who is at the keys' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand status" -l theme -d 'The theme' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand status" -l ascii -d 'Draws ASCII only'
complete -c midwatch -n "__fish_midwatch_using_subcommand status" -l plain -d 'Tells everything in lines and repaints nothing: for screen readers, dumb terminals and pipes'
complete -c midwatch -n "__fish_midwatch_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c midwatch -n "__fish_midwatch_using_subcommand status" -s V -l version -d 'Print version'
complete -c midwatch -n "__fish_midwatch_using_subcommand init" -l config -d 'Reads this configuration instead of your own' -r -F
complete -c midwatch -n "__fish_midwatch_using_subcommand init" -l env -d 'Shows this environment at the start' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand init" -l as -d 'Who is at the keys' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand init" -l theme -d 'The theme' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand init" -l stdout -d 'Prints it and writes nothing'
complete -c midwatch -n "__fish_midwatch_using_subcommand init" -l ascii -d 'Draws ASCII only'
complete -c midwatch -n "__fish_midwatch_using_subcommand init" -l plain -d 'Tells everything in lines and repaints nothing: for screen readers, dumb terminals and pipes'
complete -c midwatch -n "__fish_midwatch_using_subcommand init" -s h -l help -d 'Print help'
complete -c midwatch -n "__fish_midwatch_using_subcommand init" -s V -l version -d 'Print version'
complete -c midwatch -n "__fish_midwatch_using_subcommand add" -l name -d 'The name of the source' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand add" -l with -d 'The `[[credential]]` to ask it with' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand add" -l user -d 'The user of HTTP Basic; the secret is then the password' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand add" -l secret-file -l password-file -l token-file -d 'The file whose first line is the password or token; nobody but you may read it' -r -F
complete -c midwatch -n "__fish_midwatch_using_subcommand add" -l secret-env -l password-env -l token-env -d 'The variable that holds the password or token whenever midwatch runs' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand add" -l ca -d 'A file of certificates (PEM) of authorities to trust beside those of this machine' -r -F
complete -c midwatch -n "__fish_midwatch_using_subcommand add" -l config -d 'Reads this configuration instead of your own' -r -F
complete -c midwatch -n "__fish_midwatch_using_subcommand add" -l env -d 'Shows this environment at the start' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand add" -l as -d 'Who is at the keys' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand add" -l theme -d 'The theme' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand add" -l dry-run -d 'Prints the table and writes nothing'
complete -c midwatch -n "__fish_midwatch_using_subcommand add" -l ascii -d 'Draws ASCII only'
complete -c midwatch -n "__fish_midwatch_using_subcommand add" -l plain -d 'Tells everything in lines and repaints nothing: for screen readers, dumb terminals and pipes'
complete -c midwatch -n "__fish_midwatch_using_subcommand add" -s h -l help -d 'Print help'
complete -c midwatch -n "__fish_midwatch_using_subcommand add" -s V -l version -d 'Print version'
complete -c midwatch -n "__fish_midwatch_using_subcommand services; and not __fish_seen_subcommand_from suggest help" -l config -d 'Reads this configuration instead of your own' -r -F
complete -c midwatch -n "__fish_midwatch_using_subcommand services; and not __fish_seen_subcommand_from suggest help" -l env -d 'Shows this environment at the start' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand services; and not __fish_seen_subcommand_from suggest help" -l as -d 'Who is at the keys' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand services; and not __fish_seen_subcommand_from suggest help" -l theme -d 'The theme' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand services; and not __fish_seen_subcommand_from suggest help" -l ascii -d 'Draws ASCII only'
complete -c midwatch -n "__fish_midwatch_using_subcommand services; and not __fish_seen_subcommand_from suggest help" -l plain -d 'Tells everything in lines and repaints nothing: for screen readers, dumb terminals and pipes'
complete -c midwatch -n "__fish_midwatch_using_subcommand services; and not __fish_seen_subcommand_from suggest help" -s h -l help -d 'Print help'
complete -c midwatch -n "__fish_midwatch_using_subcommand services; and not __fish_seen_subcommand_from suggest help" -s V -l version -d 'Print version'
complete -c midwatch -n "__fish_midwatch_using_subcommand services; and not __fish_seen_subcommand_from suggest help" -f -a "suggest" -d 'Prints `[[service]]` tables for names that runs, alerts and log streams share; writes nothing'
complete -c midwatch -n "__fish_midwatch_using_subcommand services; and not __fish_seen_subcommand_from suggest help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c midwatch -n "__fish_midwatch_using_subcommand services; and __fish_seen_subcommand_from suggest" -l config -d 'Reads this configuration instead of your own' -r -F
complete -c midwatch -n "__fish_midwatch_using_subcommand services; and __fish_seen_subcommand_from suggest" -l env -d 'Shows this environment at the start' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand services; and __fish_seen_subcommand_from suggest" -l as -d 'Who is at the keys' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand services; and __fish_seen_subcommand_from suggest" -l theme -d 'The theme' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand services; and __fish_seen_subcommand_from suggest" -l ascii -d 'Draws ASCII only'
complete -c midwatch -n "__fish_midwatch_using_subcommand services; and __fish_seen_subcommand_from suggest" -l plain -d 'Tells everything in lines and repaints nothing: for screen readers, dumb terminals and pipes'
complete -c midwatch -n "__fish_midwatch_using_subcommand services; and __fish_seen_subcommand_from suggest" -s h -l help -d 'Print help'
complete -c midwatch -n "__fish_midwatch_using_subcommand services; and __fish_seen_subcommand_from suggest" -s V -l version -d 'Print version'
complete -c midwatch -n "__fish_midwatch_using_subcommand services; and __fish_seen_subcommand_from help" -f -a "suggest" -d 'Prints `[[service]]` tables for names that runs, alerts and log streams share; writes nothing'
complete -c midwatch -n "__fish_midwatch_using_subcommand services; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and not __fish_seen_subcommand_from query stats patterns follow help" -l config -d 'Reads this configuration instead of your own' -r -F
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and not __fish_seen_subcommand_from query stats patterns follow help" -l env -d 'Shows this environment at the start' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and not __fish_seen_subcommand_from query stats patterns follow help" -l as -d 'Who is at the keys' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and not __fish_seen_subcommand_from query stats patterns follow help" -l theme -d 'The theme' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and not __fish_seen_subcommand_from query stats patterns follow help" -l ascii -d 'Draws ASCII only'
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and not __fish_seen_subcommand_from query stats patterns follow help" -l plain -d 'Tells everything in lines and repaints nothing: for screen readers, dumb terminals and pipes'
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and not __fish_seen_subcommand_from query stats patterns follow help" -s h -l help -d 'Print help'
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and not __fish_seen_subcommand_from query stats patterns follow help" -s V -l version -d 'Print version'
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and not __fish_seen_subcommand_from query stats patterns follow help" -f -a "query" -d 'Prints the records that a query sees, or how many there are'
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and not __fish_seen_subcommand_from query stats patterns follow help" -f -a "stats" -d 'Counts lines, records and levels, and tells from when to when they are'
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and not __fish_seen_subcommand_from query stats patterns follow help" -f -a "patterns" -d 'Tells what lines say again and again, with the values taken out'
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and not __fish_seen_subcommand_from query stats patterns follow help" -f -a "follow" -d 'Prints the records of a configured source as they come'
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and not __fish_seen_subcommand_from query stats patterns follow help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and __fish_seen_subcommand_from query" -s o -l output -d 'How records are written' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and __fish_seen_subcommand_from query" -l config -d 'Reads this configuration instead of your own' -r -F
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and __fish_seen_subcommand_from query" -l env -d 'Shows this environment at the start' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and __fish_seen_subcommand_from query" -l as -d 'Who is at the keys' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and __fish_seen_subcommand_from query" -l theme -d 'The theme' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and __fish_seen_subcommand_from query" -l count -d 'Prints how many records are seen'
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and __fish_seen_subcommand_from query" -l lines -d 'Prints how many lines are seen, each looked at by itself, as grep counts'
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and __fish_seen_subcommand_from query" -l ascii -d 'Draws ASCII only'
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and __fish_seen_subcommand_from query" -l plain -d 'Tells everything in lines and repaints nothing: for screen readers, dumb terminals and pipes'
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and __fish_seen_subcommand_from query" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and __fish_seen_subcommand_from query" -s V -l version -d 'Print version'
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and __fish_seen_subcommand_from stats" -s o -l output -d 'How the answer is written' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and __fish_seen_subcommand_from stats" -l config -d 'Reads this configuration instead of your own' -r -F
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and __fish_seen_subcommand_from stats" -l env -d 'Shows this environment at the start' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and __fish_seen_subcommand_from stats" -l as -d 'Who is at the keys' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and __fish_seen_subcommand_from stats" -l theme -d 'The theme' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and __fish_seen_subcommand_from stats" -l ascii -d 'Draws ASCII only'
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and __fish_seen_subcommand_from stats" -l plain -d 'Tells everything in lines and repaints nothing: for screen readers, dumb terminals and pipes'
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and __fish_seen_subcommand_from stats" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and __fish_seen_subcommand_from stats" -s V -l version -d 'Print version'
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and __fish_seen_subcommand_from patterns" -s o -l output -d 'How the answer is written' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and __fish_seen_subcommand_from patterns" -l config -d 'Reads this configuration instead of your own' -r -F
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and __fish_seen_subcommand_from patterns" -l env -d 'Shows this environment at the start' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and __fish_seen_subcommand_from patterns" -l as -d 'Who is at the keys' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and __fish_seen_subcommand_from patterns" -l theme -d 'The theme' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and __fish_seen_subcommand_from patterns" -l assign -d 'Print the id of the pattern of each line instead'
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and __fish_seen_subcommand_from patterns" -l message-only -d 'The lines have no header: no time, level or component before the message'
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and __fish_seen_subcommand_from patterns" -l ascii -d 'Draws ASCII only'
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and __fish_seen_subcommand_from patterns" -l plain -d 'Tells everything in lines and repaints nothing: for screen readers, dumb terminals and pipes'
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and __fish_seen_subcommand_from patterns" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and __fish_seen_subcommand_from patterns" -s V -l version -d 'Print version'
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and __fish_seen_subcommand_from follow" -s o -l output -d 'How records are written' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and __fish_seen_subcommand_from follow" -l config -d 'Reads this configuration instead of your own' -r -F
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and __fish_seen_subcommand_from follow" -l env -d 'Shows this environment at the start' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and __fish_seen_subcommand_from follow" -l as -d 'Who is at the keys' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and __fish_seen_subcommand_from follow" -l theme -d 'The theme' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and __fish_seen_subcommand_from follow" -l streams -d 'Begins each line with the name of its stream, such as its file'
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and __fish_seen_subcommand_from follow" -l ascii -d 'Draws ASCII only'
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and __fish_seen_subcommand_from follow" -l plain -d 'Tells everything in lines and repaints nothing: for screen readers, dumb terminals and pipes'
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and __fish_seen_subcommand_from follow" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and __fish_seen_subcommand_from follow" -s V -l version -d 'Print version'
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and __fish_seen_subcommand_from help" -f -a "query" -d 'Prints the records that a query sees, or how many there are'
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and __fish_seen_subcommand_from help" -f -a "stats" -d 'Counts lines, records and levels, and tells from when to when they are'
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and __fish_seen_subcommand_from help" -f -a "patterns" -d 'Tells what lines say again and again, with the values taken out'
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and __fish_seen_subcommand_from help" -f -a "follow" -d 'Prints the records of a configured source as they come'
complete -c midwatch -n "__fish_midwatch_using_subcommand logs; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and not __fish_seen_subcommand_from list show export send search bundle merge help" -l config -d 'Reads this configuration instead of your own' -r -F
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and not __fish_seen_subcommand_from list show export send search bundle merge help" -l env -d 'Shows this environment at the start' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and not __fish_seen_subcommand_from list show export send search bundle merge help" -l as -d 'Who is at the keys' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and not __fish_seen_subcommand_from list show export send search bundle merge help" -l theme -d 'The theme' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and not __fish_seen_subcommand_from list show export send search bundle merge help" -l ascii -d 'Draws ASCII only'
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and not __fish_seen_subcommand_from list show export send search bundle merge help" -l plain -d 'Tells everything in lines and repaints nothing: for screen readers, dumb terminals and pipes'
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and not __fish_seen_subcommand_from list show export send search bundle merge help" -s h -l help -d 'Print help'
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and not __fish_seen_subcommand_from list show export send search bundle merge help" -s V -l version -d 'Print version'
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and not __fish_seen_subcommand_from list show export send search bundle merge help" -f -a "list" -d 'Lists the incidents, the newest first'
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and not __fish_seen_subcommand_from list show export send search bundle merge help" -f -a "show" -d 'Prints what is known of an incident, its timeline and its pad'
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and not __fish_seen_subcommand_from list show export send search bundle merge help" -f -a "export" -d 'Writes a document of an incident: the draft of a postmortem, or a status update'
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and not __fish_seen_subcommand_from list show export send search bundle merge help" -f -a "send" -d 'Sends a document of an incident to a configured destination, when you have seen it and agree'
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and not __fish_seen_subcommand_from list show export send search bundle merge help" -f -a "search" -d 'Finds entries, pinned lines and lines of pads, in all incidents and in the shift\'s notes'
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and not __fish_seen_subcommand_from list show export send search bundle merge help" -f -a "bundle" -d 'Writes incidents into one file, to carry them to another machine'
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and not __fish_seen_subcommand_from list show export send search bundle merge help" -f -a "merge" -d 'Takes the incidents of such files into the record: what is here stays, what is new is added'
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and not __fish_seen_subcommand_from list show export send search bundle merge help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from list" -s o -l output -d 'How the answer is written' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from list" -l config -d 'Reads this configuration instead of your own' -r -F
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from list" -l env -d 'Shows this environment at the start' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from list" -l as -d 'Who is at the keys' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from list" -l theme -d 'The theme' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from list" -l ascii -d 'Draws ASCII only'
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from list" -l plain -d 'Tells everything in lines and repaints nothing: for screen readers, dumb terminals and pipes'
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from list" -s V -l version -d 'Print version'
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from show" -s o -l output -d 'How the answer is written' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from show" -l config -d 'Reads this configuration instead of your own' -r -F
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from show" -l env -d 'Shows this environment at the start' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from show" -l as -d 'Who is at the keys' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from show" -l theme -d 'The theme' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from show" -l ascii -d 'Draws ASCII only'
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from show" -l plain -d 'Tells everything in lines and repaints nothing: for screen readers, dumb terminals and pipes'
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from show" -s V -l version -d 'Print version'
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from export" -s d -l document -d 'Which document' -r -f -a "postmortem\t'The draft of a postmortem'
update\t'How it stands, for those who wait'"
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from export" -s f -l format -d 'What it is written for' -r -f -a "gfm\t'Markdown, as GitHub, GitLab and Mattermost take it'
slack\t'Slack'
jira\t'Jira and Confluence'
plain\t'Text'"
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from export" -l config -d 'Reads this configuration instead of your own' -r -F
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from export" -l env -d 'Shows this environment at the start' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from export" -l as -d 'Who is at the keys' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from export" -l theme -d 'The theme' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from export" -l lint -d 'Tells what is missing instead, a line each'
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from export" -l ascii -d 'Draws ASCII only'
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from export" -l plain -d 'Tells everything in lines and repaints nothing: for screen readers, dumb terminals and pipes'
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from export" -s V -l version -d 'Print version'
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from send" -s t -l to -d 'The destination, by its name' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from send" -s d -l document -d 'Which document' -r -f -a "postmortem\t'The draft of a postmortem'
update\t'How it stands, for those who wait'"
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from send" -l config -d 'Reads this configuration instead of your own' -r -F
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from send" -l env -d 'Shows this environment at the start' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from send" -l as -d 'Who is at the keys' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from send" -l theme -d 'The theme' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from send" -l dry-run -d 'Shows what would be sent, and sends nothing'
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from send" -l ascii -d 'Draws ASCII only'
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from send" -l plain -d 'Tells everything in lines and repaints nothing: for screen readers, dumb terminals and pipes'
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from send" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from send" -s V -l version -d 'Print version'
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from search" -s o -l output -d 'How the answer is written' -r -f -a "text\t'For people'
json\t'For programs'"
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from search" -l config -d 'Reads this configuration instead of your own' -r -F
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from search" -l env -d 'Shows this environment at the start' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from search" -l as -d 'Who is at the keys' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from search" -l theme -d 'The theme' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from search" -l ascii -d 'Draws ASCII only'
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from search" -l plain -d 'Tells everything in lines and repaints nothing: for screen readers, dumb terminals and pipes'
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from search" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from search" -s V -l version -d 'Print version'
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from bundle" -s o -l output -d 'The file to write; without it a new one here, named like the time' -r -F
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from bundle" -l config -d 'Reads this configuration instead of your own' -r -F
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from bundle" -l env -d 'Shows this environment at the start' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from bundle" -l as -d 'Who is at the keys' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from bundle" -l theme -d 'The theme' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from bundle" -l ascii -d 'Draws ASCII only'
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from bundle" -l plain -d 'Tells everything in lines and repaints nothing: for screen readers, dumb terminals and pipes'
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from bundle" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from bundle" -s V -l version -d 'Print version'
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from merge" -l config -d 'Reads this configuration instead of your own' -r -F
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from merge" -l env -d 'Shows this environment at the start' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from merge" -l as -d 'Who is at the keys' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from merge" -l theme -d 'The theme' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from merge" -l ascii -d 'Draws ASCII only'
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from merge" -l plain -d 'Tells everything in lines and repaints nothing: for screen readers, dumb terminals and pipes'
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from merge" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from merge" -s V -l version -d 'Print version'
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from help" -f -a "list" -d 'Lists the incidents, the newest first'
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from help" -f -a "show" -d 'Prints what is known of an incident, its timeline and its pad'
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from help" -f -a "export" -d 'Writes a document of an incident: the draft of a postmortem, or a status update'
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from help" -f -a "send" -d 'Sends a document of an incident to a configured destination, when you have seen it and agree'
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from help" -f -a "search" -d 'Finds entries, pinned lines and lines of pads, in all incidents and in the shift\'s notes'
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from help" -f -a "bundle" -d 'Writes incidents into one file, to carry them to another machine'
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from help" -f -a "merge" -d 'Takes the incidents of such files into the record: what is here stays, what is new is added'
complete -c midwatch -n "__fish_midwatch_using_subcommand notes; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c midwatch -n "__fish_midwatch_using_subcommand handoff" -l since -d 'How long the shift was, such as 12h' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand handoff" -l to -d 'Who takes over' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand handoff" -s f -l format -d 'What it is written for' -r -f -a "gfm\t'Markdown, as GitHub, GitLab and Mattermost take it'
slack\t'Slack'
jira\t'Jira and Confluence'
plain\t'Text'"
complete -c midwatch -n "__fish_midwatch_using_subcommand handoff" -l config -d 'Reads this configuration instead of your own' -r -F
complete -c midwatch -n "__fish_midwatch_using_subcommand handoff" -l env -d 'Shows this environment at the start' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand handoff" -l as -d 'Who is at the keys' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand handoff" -l theme -d 'The theme' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand handoff" -l ascii -d 'Draws ASCII only'
complete -c midwatch -n "__fish_midwatch_using_subcommand handoff" -l plain -d 'Tells everything in lines and repaints nothing: for screen readers, dumb terminals and pipes'
complete -c midwatch -n "__fish_midwatch_using_subcommand handoff" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c midwatch -n "__fish_midwatch_using_subcommand handoff" -s V -l version -d 'Print version'
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and not __fish_seen_subcommand_from man completions schema keys sources screen help" -l config -d 'Reads this configuration instead of your own' -r -F
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and not __fish_seen_subcommand_from man completions schema keys sources screen help" -l env -d 'Shows this environment at the start' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and not __fish_seen_subcommand_from man completions schema keys sources screen help" -l as -d 'Who is at the keys' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and not __fish_seen_subcommand_from man completions schema keys sources screen help" -l theme -d 'The theme' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and not __fish_seen_subcommand_from man completions schema keys sources screen help" -l ascii -d 'Draws ASCII only'
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and not __fish_seen_subcommand_from man completions schema keys sources screen help" -l plain -d 'Tells everything in lines and repaints nothing: for screen readers, dumb terminals and pipes'
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and not __fish_seen_subcommand_from man completions schema keys sources screen help" -s h -l help -d 'Print help'
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and not __fish_seen_subcommand_from man completions schema keys sources screen help" -s V -l version -d 'Print version'
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and not __fish_seen_subcommand_from man completions schema keys sources screen help" -f -a "man" -d 'The manual page'
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and not __fish_seen_subcommand_from man completions schema keys sources screen help" -f -a "completions" -d 'Completions for a shell'
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and not __fish_seen_subcommand_from man completions schema keys sources screen help" -f -a "schema" -d 'The JSON schema of a configuration'
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and not __fish_seen_subcommand_from man completions schema keys sources screen help" -f -a "keys" -d 'Every key, as Markdown'
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and not __fish_seen_subcommand_from man completions schema keys sources screen help" -f -a "sources" -d 'Every kind of source and its keys, as Markdown'
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and not __fish_seen_subcommand_from man completions schema keys sources screen help" -f -a "screen" -d 'The picture in the README, as SVG'
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and not __fish_seen_subcommand_from man completions schema keys sources screen help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from man" -l config -d 'Reads this configuration instead of your own' -r -F
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from man" -l env -d 'Shows this environment at the start' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from man" -l as -d 'Who is at the keys' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from man" -l theme -d 'The theme' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from man" -l ascii -d 'Draws ASCII only'
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from man" -l plain -d 'Tells everything in lines and repaints nothing: for screen readers, dumb terminals and pipes'
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from man" -s h -l help -d 'Print help'
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from man" -s V -l version -d 'Print version'
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from completions" -l config -d 'Reads this configuration instead of your own' -r -F
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from completions" -l env -d 'Shows this environment at the start' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from completions" -l as -d 'Who is at the keys' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from completions" -l theme -d 'The theme' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from completions" -l ascii -d 'Draws ASCII only'
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from completions" -l plain -d 'Tells everything in lines and repaints nothing: for screen readers, dumb terminals and pipes'
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from completions" -s h -l help -d 'Print help'
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from completions" -s V -l version -d 'Print version'
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from schema" -l config -d 'Reads this configuration instead of your own' -r -F
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from schema" -l env -d 'Shows this environment at the start' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from schema" -l as -d 'Who is at the keys' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from schema" -l theme -d 'The theme' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from schema" -l ascii -d 'Draws ASCII only'
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from schema" -l plain -d 'Tells everything in lines and repaints nothing: for screen readers, dumb terminals and pipes'
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from schema" -s h -l help -d 'Print help'
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from schema" -s V -l version -d 'Print version'
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from keys" -l config -d 'Reads this configuration instead of your own' -r -F
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from keys" -l env -d 'Shows this environment at the start' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from keys" -l as -d 'Who is at the keys' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from keys" -l theme -d 'The theme' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from keys" -l ascii -d 'Draws ASCII only'
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from keys" -l plain -d 'Tells everything in lines and repaints nothing: for screen readers, dumb terminals and pipes'
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from keys" -s h -l help -d 'Print help'
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from keys" -s V -l version -d 'Print version'
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from sources" -l config -d 'Reads this configuration instead of your own' -r -F
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from sources" -l env -d 'Shows this environment at the start' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from sources" -l as -d 'Who is at the keys' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from sources" -l theme -d 'The theme' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from sources" -l ascii -d 'Draws ASCII only'
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from sources" -l plain -d 'Tells everything in lines and repaints nothing: for screen readers, dumb terminals and pipes'
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from sources" -s h -l help -d 'Print help'
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from sources" -s V -l version -d 'Print version'
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from screen" -l config -d 'Reads this configuration instead of your own' -r -F
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from screen" -l env -d 'Shows this environment at the start' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from screen" -l as -d 'Who is at the keys' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from screen" -l theme -d 'The theme' -r
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from screen" -l ascii -d 'Draws ASCII only'
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from screen" -l plain -d 'Tells everything in lines and repaints nothing: for screen readers, dumb terminals and pipes'
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from screen" -s h -l help -d 'Print help'
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from screen" -s V -l version -d 'Print version'
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from help" -f -a "man" -d 'The manual page'
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from help" -f -a "completions" -d 'Completions for a shell'
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from help" -f -a "schema" -d 'The JSON schema of a configuration'
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from help" -f -a "keys" -d 'Every key, as Markdown'
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from help" -f -a "sources" -d 'Every kind of source and its keys, as Markdown'
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from help" -f -a "screen" -d 'The picture in the README, as SVG'
complete -c midwatch -n "__fish_midwatch_using_subcommand generate; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c midwatch -n "__fish_midwatch_using_subcommand help; and not __fish_seen_subcommand_from demo replay drill record collect check goto open status init add services logs notes handoff generate help" -f -a "demo" -d 'Plays a built-in outage: no network, no configuration, no files left behind'
complete -c midwatch -n "__fish_midwatch_using_subcommand help; and not __fish_seen_subcommand_from demo replay drill record collect check goto open status init add services logs notes handoff generate help" -f -a "replay" -d 'Plays a recording'
complete -c midwatch -n "__fish_midwatch_using_subcommand help; and not __fish_seen_subcommand_from demo replay drill record collect check goto open status init add services logs notes handoff generate help" -f -a "drill" -d 'Plays an outage as an exercise: nothing in it is real, and a score comes at the end'
complete -c midwatch -n "__fish_midwatch_using_subcommand help; and not __fish_seen_subcommand_from demo replay drill record collect check goto open status init add services logs notes handoff generate help" -f -a "record" -d 'Runs the console and records what it sees to a new file'
complete -c midwatch -n "__fish_midwatch_using_subcommand help; and not __fish_seen_subcommand_from demo replay drill record collect check goto open status init add services logs notes handoff generate help" -f -a "collect" -d 'Looks without a screen and keeps what happens, so that the next console begins with it'
complete -c midwatch -n "__fish_midwatch_using_subcommand help; and not __fish_seen_subcommand_from demo replay drill record collect check goto open status init add services logs notes handoff generate help" -f -a "check" -d 'Tells whether the configuration is right and every source works, and what to do next'
complete -c midwatch -n "__fish_midwatch_using_subcommand help; and not __fish_seen_subcommand_from demo replay drill record collect check goto open status init add services logs notes handoff generate help" -f -a "goto" -d 'Runs the console and opens this alert or run as soon as it is seen'
complete -c midwatch -n "__fish_midwatch_using_subcommand help; and not __fish_seen_subcommand_from demo replay drill record collect check goto open status init add services logs notes handoff generate help" -f -a "open" -d 'Runs the console on files alone'
complete -c midwatch -n "__fish_midwatch_using_subcommand help; and not __fish_seen_subcommand_from demo replay drill record collect check goto open status init add services logs notes handoff generate help" -f -a "status" -d 'Asks every source once and tells what fires, what runs and what cannot be seen'
complete -c midwatch -n "__fish_midwatch_using_subcommand help; and not __fish_seen_subcommand_from demo replay drill record collect check goto open status init add services logs notes handoff generate help" -f -a "init" -d 'Writes a commented configuration from what this machine has; never over another'
complete -c midwatch -n "__fish_midwatch_using_subcommand help; and not __fish_seen_subcommand_from demo replay drill record collect check goto open status init add services logs notes handoff generate help" -f -a "add" -d 'Finds out what answers at an address, and writes a source for it to your configuration'
complete -c midwatch -n "__fish_midwatch_using_subcommand help; and not __fish_seen_subcommand_from demo replay drill record collect check goto open status init add services logs notes handoff generate help" -f -a "services" -d 'Services: what belongs together under one name'
complete -c midwatch -n "__fish_midwatch_using_subcommand help; and not __fish_seen_subcommand_from demo replay drill record collect check goto open status init add services logs notes handoff generate help" -f -a "logs" -d 'The log engine on files, pipes and sources, for scripts'
complete -c midwatch -n "__fish_midwatch_using_subcommand help; and not __fish_seen_subcommand_from demo replay drill record collect check goto open status init add services logs notes handoff generate help" -f -a "notes" -d 'What was written down: incidents, their timelines and the shift\'s notes'
complete -c midwatch -n "__fish_midwatch_using_subcommand help; and not __fish_seen_subcommand_from demo replay drill record collect check goto open status init add services logs notes handoff generate help" -f -a "handoff" -d 'Writes what the next person on call has to know'
complete -c midwatch -n "__fish_midwatch_using_subcommand help; and not __fish_seen_subcommand_from demo replay drill record collect check goto open status init add services logs notes handoff generate help" -f -a "generate" -d 'Prints a document that is made from the program itself'
complete -c midwatch -n "__fish_midwatch_using_subcommand help; and not __fish_seen_subcommand_from demo replay drill record collect check goto open status init add services logs notes handoff generate help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c midwatch -n "__fish_midwatch_using_subcommand help; and __fish_seen_subcommand_from services" -f -a "suggest" -d 'Prints `[[service]]` tables for names that runs, alerts and log streams share; writes nothing'
complete -c midwatch -n "__fish_midwatch_using_subcommand help; and __fish_seen_subcommand_from logs" -f -a "query" -d 'Prints the records that a query sees, or how many there are'
complete -c midwatch -n "__fish_midwatch_using_subcommand help; and __fish_seen_subcommand_from logs" -f -a "stats" -d 'Counts lines, records and levels, and tells from when to when they are'
complete -c midwatch -n "__fish_midwatch_using_subcommand help; and __fish_seen_subcommand_from logs" -f -a "patterns" -d 'Tells what lines say again and again, with the values taken out'
complete -c midwatch -n "__fish_midwatch_using_subcommand help; and __fish_seen_subcommand_from logs" -f -a "follow" -d 'Prints the records of a configured source as they come'
complete -c midwatch -n "__fish_midwatch_using_subcommand help; and __fish_seen_subcommand_from notes" -f -a "list" -d 'Lists the incidents, the newest first'
complete -c midwatch -n "__fish_midwatch_using_subcommand help; and __fish_seen_subcommand_from notes" -f -a "show" -d 'Prints what is known of an incident, its timeline and its pad'
complete -c midwatch -n "__fish_midwatch_using_subcommand help; and __fish_seen_subcommand_from notes" -f -a "export" -d 'Writes a document of an incident: the draft of a postmortem, or a status update'
complete -c midwatch -n "__fish_midwatch_using_subcommand help; and __fish_seen_subcommand_from notes" -f -a "send" -d 'Sends a document of an incident to a configured destination, when you have seen it and agree'
complete -c midwatch -n "__fish_midwatch_using_subcommand help; and __fish_seen_subcommand_from notes" -f -a "search" -d 'Finds entries, pinned lines and lines of pads, in all incidents and in the shift\'s notes'
complete -c midwatch -n "__fish_midwatch_using_subcommand help; and __fish_seen_subcommand_from notes" -f -a "bundle" -d 'Writes incidents into one file, to carry them to another machine'
complete -c midwatch -n "__fish_midwatch_using_subcommand help; and __fish_seen_subcommand_from notes" -f -a "merge" -d 'Takes the incidents of such files into the record: what is here stays, what is new is added'
complete -c midwatch -n "__fish_midwatch_using_subcommand help; and __fish_seen_subcommand_from generate" -f -a "man" -d 'The manual page'
complete -c midwatch -n "__fish_midwatch_using_subcommand help; and __fish_seen_subcommand_from generate" -f -a "completions" -d 'Completions for a shell'
complete -c midwatch -n "__fish_midwatch_using_subcommand help; and __fish_seen_subcommand_from generate" -f -a "schema" -d 'The JSON schema of a configuration'
complete -c midwatch -n "__fish_midwatch_using_subcommand help; and __fish_seen_subcommand_from generate" -f -a "keys" -d 'Every key, as Markdown'
complete -c midwatch -n "__fish_midwatch_using_subcommand help; and __fish_seen_subcommand_from generate" -f -a "sources" -d 'Every kind of source and its keys, as Markdown'
complete -c midwatch -n "__fish_midwatch_using_subcommand help; and __fish_seen_subcommand_from generate" -f -a "screen" -d 'The picture in the README, as SVG'
