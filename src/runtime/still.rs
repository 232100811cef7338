//! One moment of a recording as a picture: played up to there at once, without a terminal.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use crate::app::{App, Setup};
use crate::config::theme::Meaning;
use crate::model::note::{Folder, NoteReply};
use crate::model::text::SafeText;
use crate::pane::effect::Msg;
use crate::source::outlet::{Intake, Report};
use crate::source::recording::Recording;
use crate::ui::svg;

/// Playing takes less than a second; a recording that does not go on is waited for this long.
const PATIENCE: Duration = Duration::from_secs(20);
/// What comes after the moment is waited for, for it tells that all before was taken. Not for long.
const SPEED: f64 = 1000.0;

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum StillError {
    /// No event queue.
    #[error("the system refused an event queue: {0}")]
    Refused(#[from] std::io::Error),
    /// Nothing comes after the moment.
    #[error("the recording does not go on after the moment of the picture")]
    Stands,
}

/// The screen of a console that has seen a recording up to where it begins to play, as SVG. The
/// same every time.
pub fn still(setup: Setup, recording: Recording, title: &SafeText) -> Result<String, StillError> {
    let tokio = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let ground = setup.themes.all.first().map(|(_, styles)| styles.of(Meaning::Text)).unwrap_or_default();
    let (columns, rows) = setup.size;
    let moment = recording.start();
    let mut app = App::new(setup);
    let played = tokio.block_on(async { tokio::time::timeout(PATIENCE, play(&mut app, recording)).await });
    tokio.shutdown_background();
    played.map_err(|_late| StillError::Stands)?;
    app.update(Msg::Frame, moment);
    let mut drawing = unfailing(Terminal::new(TestBackend::new(columns, rows)));
    let frame = unfailing(drawing.draw(|frame| app.draw(frame, moment)));
    Ok(svg::picture(frame.buffer, ground, title))
}

/// Lets an app live through all that a recording says up to its start. The clock stands there.
async fn play(app: &mut App, recording: Recording) {
    let moment = recording.start();
    let mut intake = Intake::default();
    for (info, source) in recording.speed(SPEED).sources() {
        // Nobody presses a key here, so no source is asked for anything.
        let (outlet, _ask) = intake.outlet(info.name, Arc::new(move || moment));
        tokio::spawn(source.run(outlet));
    }
    // As in a demo.
    app.update(Msg::Note(Folder::Shift, NoteReply::Unkept), moment);
    let mut later = false;
    while !later {
        let mut report = Some(intake.next().await);
        // What waits beside the first later thing may still be from before: lines and states wait
        // in queues of their own.
        while let Some(taken) = report {
            let at = when(&taken);
            later |= at > moment;
            if at <= moment {
                app.update(msg(taken), at);
            }
            report = intake.take();
        }
    }
}

fn when(report: &Report) -> Timestamp {
    match report {
        Report::Update(update) => update.at,
        Report::Segment(segment) => segment.arrival(0),
        Report::File(_) => Timestamp::MIN,
    }
}

fn msg(report: Report) -> Msg {
    match report {
        Report::Update(update) => Msg::Update(update),
        Report::Segment(segment) => Msg::Segment(segment),
        Report::File(news) => Msg::File(news),
    }
}

fn unfailing<T>(done: Result<T, Infallible>) -> T {
    match done {
        Ok(done) => done,
        Err(impossible) => match impossible {},
    }
}
