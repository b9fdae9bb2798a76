//! All input and output: arguments, configuration, files, formats.
