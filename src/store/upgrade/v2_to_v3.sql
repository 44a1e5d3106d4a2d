CREATE INDEX log_statement ON log_entry (log_index) WHERE substr(leaf, 1, 1) = x'02';
