//! `midwatch logs follow`: the records of a configured source as they come.

use std::io::{self, IsTerminal as _, Write as _};
use std::ops::ControlFlow;
use std::process::ExitCode;

use clap::Args;
use color_eyre::eyre;
use jiff::Timestamp;
use serde_json::json;

use super::{Form, unheard};
use crate::cli::load::load;
use crate::cli::print::{refuse, tell};
use crate::cli::{Flags, WRONG, wrong};
use crate::config::nearest::suggestion;
use crate::config::origin::Warning;
use crate::logs::live::{Live, Record};
use crate::logs::query::Query;
use crate::logs::segment::Segment;
use crate::model::health::{Condition, Failure};
use crate::model::text::{RawText, SafeText, clean, clean_line};
use crate::model::update::{Gives, News, Update};
use crate::model::world::{SourceInfo, World};
use crate::net::Net;
use crate::runtime::clock::Clock;
use crate::runtime::follow::{self, Heard, With};
use crate::safe;
use crate::source::outlet::Report;
use crate::source::registry::{self, Built};

/// What `midwatch logs follow --help` says at its end.
pub(super) const HELP: &str = "\
It begins with what the source gives at its start, such as the last lines of
its files (their backfill), one file after the other, and goes on with what
comes. since:5m in the query leaves out what is older; the query is that of
midwatch logs query. A record is a line and those that go on with it, such as a
stack trace: it is printed whole, a quarter of a second after its last line at
the latest.

A pipe gets the bytes as they came, a terminal the same without what could
steer it; secrets that midwatch knows are starred out. What is wrong with the
source, that it works again, and lines that were lost are told on standard
error, and it goes on: it ends when nobody reads it any more, or with ctrl-c.

Exit codes:
  0    something was printed
  1    nothing was: the source came to its end, or nobody read any more
  2    the query or the configuration is wrong, or there is no such source;
       nothing was read
  130  ctrl-c; 143 and 129 after SIGTERM and SIGHUP

-o json prints one object a line: source, stream, time (null if it says none),
came, level, text.";

/// What is asked.
#[derive(Debug, Args)]
pub(in crate::cli) struct Asked {
    /// How records are written
    #[arg(short, long, value_enum, default_value_t = Form::Text)]
    output: Form,
    /// Begins each line with the name of its stream, such as its file
    #[arg(long, conflicts_with = "output")]
    streams: bool,
    /// The name of a source in the configuration
    source: String,
    /// What to look for; without one, all is printed
    #[arg(allow_hyphen_values = true, default_value = "")]
    query: String,
}

/// Prints until it ends, and gives the exit code.
pub(super) fn follow(flags: &Flags, asked: &Asked) -> eyre::Result<ExitCode> {
    let query = match Query::parse(&asked.query, Clock::Real.now()) {
        Ok(query) => query,
        Err(error) => {
            return Ok(refuse(WRONG, &safe!("the query, column {}: {}", error.column, error.what)));
        }
    };
    let (config, warnings) = match load(flags) {
        Ok(loaded) => loaded,
        Err(errors) => return Ok(wrong(flags, &errors)),
    };
    let net = Net::of(&config);
    let (sources, playback) = match registry::build(&config.sources, &net) {
        Ok(built) => built,
        Err(errors) => return Ok(wrong(flags, &errors)),
    };
    let built = match choose(sources, &asked.source) {
        Ok(built) => built,
        Err(why) => return Ok(refuse(WRONG, &why)),
    };
    warnings.iter().flat_map(Warning::lines).for_each(|line| tell(&line));
    let clock = playback.map_or(Clock::Real, |playing| Clock::replay(playing.start, playing.speed));
    let mut printer = Printer {
        form: asked.output,
        streams: asked.streams,
        cleans: io::stdout().is_terminal(),
        live: Live::new(query),
        source: Told::new(built.info.clone()),
        printed: 0,
        broken: None,
    };
    let (telling, formats) = (config.catalog.telling(), config.formats.into());
    follow::follow(built, With { net: &net, telling, formats, clock }, |heard| printer.take(heard))?;
    Ok(match printer.broken {
        Some(error) if error.kind() != io::ErrorKind::BrokenPipe => unheard(&error),
        _ => ExitCode::from(u8::from(printer.printed == 0)),
    })
}

/// The source of this name, or why there is none to follow.
fn choose(sources: Vec<Built>, name: &str) -> Result<Built, SafeText> {
    let gives_logs = |built: &&Built| built.info.gives.contains(&Gives::Logs);
    let names: Vec<_> = sources.iter().filter(gives_logs).map(|built| plain(&built.info.name)).collect();
    let all = match names.as_slice() {
        [] => "no source of the configuration gives logs; midwatch init finds some".into(),
        names => safe!("those that give logs are {}", clean(&RawText::from(names.join(", ")))),
    };
    let Some(built) = sources.into_iter().find(|built| built.info.name == name.into()) else {
        let meant = suggestion(name, names.iter().map(String::as_str));
        let (name, meant) = (clean(&RawText::from(name)), clean(&RawText::from(meant)));
        return Err(safe!("there is no source {}{}: {}", name, meant, all));
    };
    if !gives_logs(&&built) {
        return Err(safe!("the source {} gives no logs: {}", clean(&built.info.name), all));
    }
    if built.info.kind == "archive".into() {
        let path = built.info.reads.first().map(clean).unwrap_or_default();
        return Err(safe!(
            "the source {} is a file that is read where somebody looks: midwatch logs query reads all of {}, \
             and a source of kind `file` follows it",
            clean(&built.info.name),
            path
        ));
    }
    Ok(built)
}

fn plain(name: &RawText) -> String {
    clean(name).as_str().to_owned()
}

/// Prints what the query sees.
struct Printer {
    form: Form,
    streams: bool,
    /// A terminal is on the other side: it gets no byte that could steer it.
    cleans: bool,
    live: Live,
    source: Told,
    printed: u64,
    broken: Option<io::Error>,
}

impl Printer {
    fn take(&mut self, heard: Heard) -> ControlFlow<()> {
        let mut text = Vec::new();
        let (form, streams, cleans) = (self.form, self.streams, self.cleans);
        let printed = &mut self.printed;
        let show = |record: &Record| {
            *printed += 1;
            match form {
                Form::Json => object(&mut text, record),
                Form::Text => lines(&mut text, record, streams, cleans),
            }
        };
        match heard {
            Heard::Report(Report::Update(update)) => self.source.update(&update),
            Heard::Report(Report::Segment(segment)) => {
                let source = &mut self.source;
                self.live.take(&segment, show, |stream, note| source.note(stream, note));
                source.count(&segment);
            }
            // Of a file that is looked at, which is refused.
            Heard::Report(Report::File(_)) => {}
            Heard::Quiet => self.live.rest(show),
        }
        if text.is_empty() {
            return ControlFlow::Continue(());
        }
        let mut output = io::stdout().lock();
        self.broken = output.write_all(&text).and_then(|()| output.flush()).err();
        if self.broken.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

fn object(to: &mut Vec<u8>, record: &Record) {
    let object = json!({
        "source": plain(record.source()),
        "stream": plain(record.stream()),
        "time": record.time(),
        "came": record.came(),
        "level": record.level().name(),
        "text": String::from_utf8_lossy(record.bytes()),
    });
    to.extend_from_slice(object.to_string().as_bytes());
    to.push(b'\n');
}

fn lines(to: &mut Vec<u8>, record: &Record, streams: bool, cleans: bool) {
    for line in record.bytes().split(|byte| *byte == b'\n') {
        if streams {
            to.extend_from_slice(clean(record.stream()).as_str().as_bytes());
            to.push(b':');
        }
        if cleans {
            to.extend_from_slice(clean_line(line).as_str().as_bytes());
        } else {
            to.extend_from_slice(line);
        }
        to.push(b'\n');
    }
}

/// What was told of the source on standard error.
struct Told {
    world: World,
    name: RawText,
    before: Vec<SafeText>,
    lost: u64,
    cut: u64,
}

impl Told {
    fn new(info: SourceInfo) -> Self {
        let name = info.name.clone();
        Self { world: World::new([info]), name, before: Vec::new(), lost: 0, cut: 0 }
    }

    fn say(&self, what: &SafeText) {
        tell(&safe!("midwatch: {}: {}", clean(&self.name), what));
    }

    fn note(&self, stream: &RawText, note: &[u8]) {
        let note = clean_line(note);
        if *stream == self.name {
            self.say(&note);
        } else {
            self.say(&safe!("{}: {}", clean(stream), note));
        }
    }

    /// Tells what is lost for good.
    fn count(&mut self, segment: &Segment) {
        self.lost += segment.lost();
        self.cut += segment.cut();
        if segment.lost() > 0 {
            self.say(&safe!("{} lines were lost on the way so far", self.lost));
        }
        if segment.cut() > 0 {
            self.say(&safe!("lines above 64 KiB are cut: {} bytes of them are not printed so far", self.cut));
        }
    }

    /// Tells what has become wrong, and what works again.
    fn update(&mut self, update: &Update) {
        self.world.apply(update);
        let Some(source) = self.world.source(&self.name) else { return };
        let now = wrongs(&source.condition, update);
        for wrong in now.iter().filter(|wrong| !self.before.contains(&wrong.0)) {
            self.say(&safe!("{}{}", wrong.0, wrong.1));
        }
        if !self.before.is_empty() && now.is_empty() {
            self.say(&safe!("works again since {}", time(update.at)));
        }
        self.before = now.into_iter().map(|wrong| wrong.0).collect();
    }
}

/// What is wrong, and since when and what happens next.
fn wrongs(condition: &Condition, update: &Update) -> Vec<(SafeText, SafeText)> {
    let told = |failure: &Failure, since: Timestamp, next: SafeText| {
        let advice = failure.advice.as_ref().map(|advice| safe!("; {}", clean(advice))).unwrap_or_default();
        (clean(&failure.what), safe!(" (since {}; {}{})", time(since), next, advice))
    };
    if matches!(update.news, News::Crashed) {
        let what =
            safe!("its task crashed for the {}. time, which is a fault of midwatch", condition.crashes);
        return vec![(what, "; it is started again".into())];
    }
    if let Some((failure, since)) = &condition.failing {
        let next = match failure.next_try {
            Some(at) => safe!("tried again at {}, and then for as long as this runs", time(at)),
            None => "it is looked at again for as long as this runs".into(),
        };
        return vec![told(failure, *since, next)];
    }
    condition.troubles.iter().map(|part| told(part, update.at, "the rest goes on".into())).collect()
}

fn time(at: Timestamp) -> SafeText {
    safe!("{} UTC", clean(&RawText::from(at.strftime("%H:%M:%S").to_string())))
}
