//! New code for fixes and codemods, laid out as the file that it goes into: its quotes, its indent, its line width, its imports.

pub mod code;
pub mod imports;
pub mod meant;
pub mod indexes;
pub mod validators;
