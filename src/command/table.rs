//! The one table of commands. Keys, help, palette, footer, documents and tests derive from it.

/// Where a command works. A pane names its own scope first, then the wider ones.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Scope {
    /// Everywhere but in a text field.
    Global,
    /// In every list: runs, lines, alerts, entries, sources, help.
    List,
    /// In the pipelines pane.
    Pipelines,
    /// In the logs pane and in a step's log.
    Logs,
    /// In the alerts pane.
    Alerts,
    /// In the view of patterns.
    Patterns,
    /// In a runbook.
    Runbook,
    /// In the notes pane.
    Notes,
}

impl Scope {
    /// All scopes, in the order of the documents.
    pub const ALL: &'static [Self] = &[
        Self::Global,
        Self::List,
        Self::Pipelines,
        Self::Logs,
        Self::Alerts,
        Self::Patterns,
        Self::Runbook,
        Self::Notes,
    ];

    /// The word for it in a configuration and in the help.
    pub fn word(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::List => "list",
            Self::Pipelines => "pipelines",
            Self::Logs => "logs",
            Self::Alerts => "alerts",
            Self::Patterns => "patterns",
            Self::Runbook => "runbook",
            Self::Notes => "notes",
        }
    }
}

/// What a command takes after its name in the palette.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Argument {
    /// Nothing.
    None,
    /// The name of a theme.
    Theme,
    /// The name of an environment, or `all`.
    Environment,
    /// A path to write to.
    Path,
    /// The name of a credential.
    Credential,
    /// A name, written out.
    Name,
    /// The id of an incident, or `none`.
    Incident,
    /// How an incident stands, then a time if it was not now, then why.
    Status,
    /// A number from 1 to 5, then why.
    Severity,
    /// What of an incident is set, then what it is.
    Field,
    /// Which document.
    Document,
    /// Which document, and where it is sent to.
    Way,
    /// A query of metrics, after `name:` of a source if it is not the first.
    Query,
}

/// One thing that a person can do.
#[derive(Debug)]
pub struct Command {
    /// Which one, in code.
    pub id: Id,
    /// Its name in the palette and in a configuration.
    pub name: &'static str,
    /// What it does, in at most five words, for the footer and the palette.
    pub title: &'static str,
    /// What it does, in one sentence, for the help.
    pub help: &'static str,
    /// Where it works.
    pub scope: Scope,
    /// The keys that run it by default.
    pub keys: &'static [&'static str],
    /// What the palette takes after its name.
    pub argument: Argument,
}

macro_rules! commands {
    ($($id:ident $scope:ident $name:literal [$($key:literal)*] $title:literal $help:literal $(($argument:ident))?;)*) => {
        /// Names a command in code.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Id {
            $(
                #[doc = $help]
                $id,
            )*
        }

        /// Every command, in the order of the help.
        pub static TABLE: &[Command] = &[$(Command {
            id: Id::$id,
            name: $name,
            title: $title,
            help: $help,
            scope: Scope::$scope,
            keys: &[$($key),*],
            argument: commands!(@argument $($argument)?),
        }),*];
    };
    (@argument) => { Argument::None };
    (@argument $argument:ident) => { Argument::$argument };
}

commands! {
    Help Global "help" ["?"] "help" "Shows the keys that work here; type to search.";
    Palette Global "commands" [":"] "commands" "Finds a command by a few of its letters and runs it.";
    Filter Global "filter" ["/"] "filter" "Filters the focused pane; an empty filter shows all.";
    Back Global "back" ["Esc"] "back" "Takes back one thing: a prompt, marks, a filter, a detail, a full screen.";
    Close Global "close" ["q"] "back or quit" "Goes back; at the root it leaves, and asks first if something is unsaved.";
    Cancel Global "cancel" ["ctrl-c"] "cancel" "Cancels what is open; twice within a second leaves with the notes saved.";
    Quit Global "quit" [] "quit" "Leaves midwatch with the notes saved.";
    NextPane Global "next-pane" ["Tab"] "next pane" "Moves the focus to the next pane.";
    PreviousPane Global "previous-pane" ["S-Tab"] "previous pane" "Moves the focus to the previous pane.";
    FocusPipelines Global "pipelines" ["1"] "pipelines" "Moves the focus to the pipelines.";
    FocusLogs Global "logs" ["2"] "logs" "Moves the focus to the logs.";
    FocusAlerts Global "alerts" ["3"] "alerts" "Moves the focus to the alerts.";
    FocusNotes Global "notes" ["4"] "notes" "Moves the focus to the notes.";
    Sources Global "sources" ["0"] "sources" "Shows every source, whether it can be believed, and why not.";
    LastView Global "last-view" ["-"] "last view" "Goes to the view that had the focus before.";
    Larger Global "larger" ["+"] "larger pane" "Makes the focused pane larger.";
    Smaller Global "smaller" ["_"] "smaller pane" "Makes the focused pane smaller.";
    FullScreen Global "full-screen" ["f"] "full screen" "Shows the focused pane alone, or all panes again.";
    PreviousTab Global "previous-tab" ["[" ","] "previous tab" "Shows the previous tab of the pane; of a graph a shorter time.";
    NextTab Global "next-tab" ["]" "."] "next tab" "Shows the next tab of the pane; of a graph a longer time.";
    Refresh Global "refresh" ["r"] "refresh" "Asks the sources of the focused pane to look now.";
    RefreshAll Global "refresh-all" ["R"] "refresh all" "Asks every source to look now.";
    Freeze Global "freeze" ["p"] "freeze" "Holds the whole screen still, or lets it go; what arrives is counted.";
    Zone Global "zone" ["t"] "time zone" "Shows times in UTC, in your zone, or as ages.";
    Repaint Global "repaint" ["ctrl-l"] "repaint" "Draws the whole screen again.";
    Suspend Global "suspend" ["ctrl-z"] "suspend" "Gives the terminal back to the shell until fg.";
    Changes Global "changes" ["W"] "what changed" "Shows what changed before this row began, the likeliest first.";
    ServiceLogs Global "service-logs" ["L"] "its logs" "Shows the logs of this row's service or host; again for the next source.";
    Runbook Global "runbook" ["K"] "runbook" "Shows the runbook of this row's alert; again the card of its service or host.";
    Diagnose Global "diagnose" ["D"] "diagnostics" "Runs the configured diagnostics of this row side by side; the notes tell what came of each.";
    Graph Global "graph" [] "graph" "Draws a query of metrics over the last hours, here until Esc." (Query);
    Watch Global "watch" [] "watch" "Draws a query each 15 s and rings when its limit is passed: watch x > 3." (Query);
    Note Global "note" [";"] "note" "Writes a one-line entry with the time; the focus stays where it is.";
    Evidence Global "evidence" [">"] "pin as evidence" "Puts this row, or the marked ones, into the timeline as it is now, with source, filter and time.";
    Declare Global "declare" ["I"] "declare an incident" "Declares an incident from this row: its severity is asked, the rest is taken from the row.";
    Incident Global "incident" [] "turn to an incident" "Turns to an incident, or to none: notes and the pad are its own from here on." (Incident);
    Status Global "status" [] "status of the incident" "Says how the incident stands: status mitigated 03:40 drained eu-1; without a time it is now." (Status);
    Severity Global "severity" [] "severity of the incident" "Says how bad the incident is, from 1, the worst, to 5, and why." (Severity);
    Set Global "set" [] "set of the incident" "Sets something of the incident: set impact 5 % of checkouts fail, set link URL, set tag db; set lead ada offers the role to ada." (Field);
    Document Global "document" [] "write a document" "Shows a document of the current incident (postmortem, update) or of the shift (handoff), to be read, copied and written to a file." (Document);
    Send Global "send" [] "send a document" "Shows what would be sent of the current incident or of the shift (send update chat), and sends it when you type the letter that is shown; copy is the clipboard." (Way);
    HandOver Global "handoff" [] "hand over the shift" "Hands the shift over, with your roles, to somebody who is told of it until accepting it: handoff kim. Without a name it shows what is left for you." (Name);
    Timer Global "timer" [] "countdown" "Starts a countdown that the header shows until it is done: timer 3m kim checks db." (Name);
    Drill Global "drill" [] "drill" "Shows the briefing of the drill that is taken, or its score once it is over.";
    Claim Global "claim" ["a"] "claim" "Says that you have this alert, or do this todo: all consoles that share the record show @you.";
    Release Global "release" [] "release" "Gives up what is claimed: this alert or todo.";
    Accept Global "accept" [] "accept" "Accepts the hand-over of the shift that is on the screen, else the role of an incident that was offered to you, else the hand-over that was left for you.";
    Goto Global "goto" [] "go to" "Opens the alert or run of this name, id or number as soon as it is seen; of a time (03:12, -15m and +3s from the selected line, 2026-11-22T03:12) the log lines." (Name);
    Since Global "since" [] "compare since" "Shows what patterns of the logs are new since a time: since 03:12, since -15m." (Name);
    As Global "as" [] "your name" "Says who is at the keys: what is written from here on has that name." (Name);
    Theme Global "theme" [] "theme" "Changes the theme until you leave." (Theme);
    Environment Global "env" [] "environment" "Shows one environment only, or all." (Environment);
    Login Global "login" [] "log in" "Runs the login of a credential on this terminal, then lets its sources look again." (Credential);
    Fields Global "fields" [] "fields of lines" "Shows only these fields of log lines (level,msg,user), or all but some (-user); without a word all." (Name);
    SaveLines Global "save" [] "save lines to a file" "Writes all log lines that the filter sees, with those around them, to a new file." (Path);
    SaveNotes Global "write" ["w"] "write to a file" "Writes the document that is shown, or the entries and the pad, to a new file, and asks to which." (Path);

    Down List "down" ["j" "Down"] "down" "Moves to the next row.";
    Up List "up" ["k" "Up"] "up" "Moves to the previous row.";
    Top List "top" ["g" "Home"] "top" "Moves to the first row.";
    Bottom List "bottom" ["G" "End"] "bottom" "Moves to the last row; in the logs it follows.";
    PageDown List "page-down" ["PgDn"] "page down" "Moves down by a screen.";
    PageUp List "page-up" ["PgUp"] "page up" "Moves up by a screen.";
    HalfDown List "half-page-down" ["ctrl-d"] "half page down" "Moves down by half a screen.";
    HalfUp List "half-page-up" ["ctrl-u"] "half page up" "Moves up by half a screen.";
    Left List "left" ["Left"] "left" "Scrolls to the left.";
    Right List "right" ["Right"] "right" "Scrolls to the right.";
    Open List "open" ["Enter"] "open" "Opens the selected row.";
    Mark List "mark" ["space"] "mark" "Marks the row, or takes its mark away.";
    Range List "mark-range" ["v"] "mark range" "Marks all rows from here to where you move next; again to end.";
    Sort List "sort" ["b"] "sort" "Sorts by urgency, by time or by name.";
    CopyRow List "copy" ["y"] "copy" "Copies the marked rows, or this one.";
    CopyLink List "copy-link" ["Y"] "copy link" "Copies the link of this row.";
    ShowLink List "show-link" ["o"] "show link" "Shows the link of this row, to open it in a browser.";

    Patterns Logs "patterns" ["P"] "patterns" "Shows what the lines say again and again, and what of it is new, surges or has gone quiet.";
    Follow Logs "follow" ["F"] "follow" "Follows the newest line; any move upward pauses.";
    NextError Logs "next-error" ["e"] "next error" "Moves to the next line of level error or worse.";
    PreviousError Logs "previous-error" ["E"] "previous error" "Moves to the previous line of level error or worse.";
    NextMatch Logs "next-match" ["n"] "next match" "Moves to the next line that matches the filter.";
    PreviousMatch Logs "previous-match" ["N"] "previous match" "Moves to the previous line that matches the filter.";
    Wrap Logs "wrap" ["w"] "wrap" "Wraps long lines, or cuts them at the edge.";
    MinimumLevel Logs "minimum-level" ["l"] "minimum level" "Shows all lines, warnings and worse, or errors and worse.";
    RawLines Logs "raw" [] "raw lines" "Shows the escape sequences in lines as text, or their colours.";
    Histogram Logs "histogram" ["H"] "histogram by level" "Shows lines by level over time: of all lines, around those in sight, or not; Left and Right move by its bars.";
    NextErrorBar Logs "next-error-bar" ["}"] "next bar with errors" "Moves to the first error of the next bar of the histogram that has one.";
    PreviousErrorBar Logs "previous-error-bar" ["{"] "previous bar with errors" "Moves to the first error of the bar before this one in the histogram that has one.";
    MoreContext Logs "more-context" ["z"] "more context" "Shows more lines around the hits of the filter.";
    LessContext Logs "less-context" ["Z"] "less context" "Shows fewer lines around the hits of the filter.";

    Exclude Patterns "exclude" ["!"] "exclude" "Takes the lines of this pattern, or of the marked ones, out of the logs.";
    NextMoment Patterns "moment" ["s"] "since when" "Compares with another moment: the onset, when you looked last, a while ago.";

    Tick Runbook "tick" ["space"] "tick the step" "Ticks the step under the cursor, or takes its tick back; the notes tell both.";

    Star Notes "star" ["s"] "star" "Marks the entry as one that matters most, or takes that back.";
    Done Notes "done" ["d"] "done" "Says that what is to be done is done, or is not.";
    LeaveOut Notes "leave-out" ["h"] "leave out of documents" "Leaves the entry out of documents, or takes it in again.";
    FindNext Notes "find-next" ["n"] "find next" "In the pad, goes to where the text of / stands next.";
    FindPrevious Notes "find-previous" ["N"] "find previous" "In the pad, goes to where the text of / stood before.";
    EntryTime Notes "at" [] "time of an entry" "Says when the selected entry happened: at 03:12." (Name);
    Correct Notes "correct" [] "correct an entry" "Gives the selected entry another text; what it said first stays known." (Name);
    Editor Notes "editor" [] "edit in your editor" "Opens the pad in VISUAL or EDITOR, and shows what that leaves.";
    Edit Notes "edit" ["i"] "edit" "Writes in the pad; Esc leaves it.";
}

/// The command of this id.
pub fn command(id: Id) -> &'static Command {
    #[expect(clippy::indexing_slicing, reason = "table and enum come from one declaration, in one order")]
    &TABLE[id as usize]
}

/// The command of this name.
pub fn by_name(name: &str) -> Option<&'static Command> {
    TABLE.iter().find(|command| command.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_find_their_own_command() {
        for entry in TABLE {
            assert_eq!(command(entry.id).name, entry.name);
        }
    }

    #[test]
    fn names_are_unique_and_plain_and_every_command_is_explained() {
        let mut names = BTreeSet::new();
        for command in TABLE {
            assert!(names.insert(command.name), "{} twice", command.name);
            assert!(command.name.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", command.name);
            assert!(command.help.ends_with('.') && command.help.is_ascii(), "{}", command.name);
            assert!(command.title.split(' ').count() <= 5, "{}", command.name);
        }
    }
}
