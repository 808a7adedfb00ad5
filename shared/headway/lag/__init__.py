"""How far behind consumer groups are: in records, in seconds, and in Burrow's words.

`measuring` asks Kafka and the database, `burrow` judges what was committed lately, `watching`
does both again and again, `exposition` and `serving` show it to Prometheus.
"""
