//! The window: state, panes, theme.
