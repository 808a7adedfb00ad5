-- Members are found by how their id begins. The unique index is in the order of the database's locale, in which ids with
-- one beginning need not stand together; this one is in the order of their bytes.
-- While it is built nobody can write to accounts: some seconds for a few million members. Services wait and go on.
create index accounts_member_id_bytes on accounts (member_id text_pattern_ops);
