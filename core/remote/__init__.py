"""Workers on other machines, by Celery over RabbitMQ or Redis; the queue here stays the truth.

The libraries for it come with the extra `imagequeue[cluster]`, and are imported only once a broker is set.
"""
