"""python -m services.signing api|relay|consumer|worker|migrate|redrive|reconcile|new-epoch|republish"""

from services.signing import wiring
from shared.messaging import roles

if __name__ == "__main__":
    roles.main(wiring.SERVICE, {"worker": wiring.run_worker})
