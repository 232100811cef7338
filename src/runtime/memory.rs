//! Keeps this process's memory to itself: there are secrets in it.

use std::io;

use rustix::fs::Mode;
use rustix::process::{
    DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit, umask,
};

/// Lets no crash leave an image of the memory, no debugger of the same user look into it, and no new
/// file be read by others. The first thing that the program does.
///
/// Errors when the system refuses.
pub fn close() -> io::Result<()> {
    umask(Mode::RWXG | Mode::RWXO);
    // A limit of 0 does not keep a core from a program that the kernel hands it to; this does, and it
    // holds for debuggers too.
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    // What we start inherits the limit. The upper one stays, so that it can be taken back.
    set_core_limit(Some(0))
}

/// Takes it back, for whoever has to find a fault (`allow_core`). New files stay closed.
///
/// Errors when the system refuses.
pub fn open() -> io::Result<()> {
    set_dumpable_behavior(DumpableBehavior::Dumpable)?;
    set_core_limit(getrlimit(Resource::Core).maximum)
}

fn set_core_limit(current: Option<u64>) -> io::Result<()> {
    let maximum = getrlimit(Resource::Core).maximum;
    Ok(setrlimit(Resource::Core, Rlimit { current, maximum })?)
}
