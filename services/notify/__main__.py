"""python -m services.notify api|relay|consumer|worker|migrate|redrive|reconcile|new-epoch|republish|resend"""

from services.notify import wiring
from shared.messaging import roles

if __name__ == "__main__":
    roles.main(wiring.SERVICE, {"worker": wiring.run_worker}, {"resend": wiring.resend})
