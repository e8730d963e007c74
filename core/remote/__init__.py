"""Workers on other machines, by Celery over RabbitMQ or Redis; the queue here stays the truth.

Nothing of this is imported unless a broker is set; its libraries come with the extra `imagequeue[cluster]`.
"""
