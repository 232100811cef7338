//! How things are drawn: the canvas, styles, tables, lists, charts. Knows no pane.

pub mod canvas;
pub mod chart;
pub mod document;
pub mod editor;
pub mod field;
pub mod large;
pub mod list;
pub mod markdown;
pub mod number;
pub mod pager;
pub mod reader;
pub mod spark;
pub mod style;
pub mod svg;
pub mod table;
pub mod time;
