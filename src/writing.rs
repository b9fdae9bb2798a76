//! New code for fixes and codemods, laid out as the file that it goes into: its quotes, its indent, its line width, its imports.

pub mod code;
pub mod import_list;
pub mod imports;
pub mod index_range;
pub mod indexes;
pub mod leftover;
pub mod meant;
pub mod orm;
pub mod statements;
pub mod table_index;
pub mod validators;
